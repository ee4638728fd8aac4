"""The pipeline's own history as tables: what ran, what the checks said, what is broken since when.

Belongs here: reading Dagster's event log into `data/observe/history.duckdb`, and everything that is computed from it (incidents,
SLOs, anomalies). Does not belong here: who is told of it, and anything about the fleet. It is apart from releases, so that a
failure that keeps one from being published can be shown.
"""
