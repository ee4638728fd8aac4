"""Write, audit, publish: what passed becomes a release in one rename, with a manifest; the report is built from it.

Belongs here: the audit, releases and rollback, and the Evidence site. Does not belong here: making or judging tables.
"""
