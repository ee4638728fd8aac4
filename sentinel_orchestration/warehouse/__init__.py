"""The star schema: dbt models as assets, each run in a DuckDB file of its own.

Belongs here: running dbt, the run's file, what Dagster shows of models. Does not belong here: SQL (dbt/) or publishing.
"""
