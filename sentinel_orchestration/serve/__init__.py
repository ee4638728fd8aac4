"""Serves the built report and, for development, the Dagster UI beside it.

Belongs here: read-only servers. Does not belong here: building or publishing.
"""
