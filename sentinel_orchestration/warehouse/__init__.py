"""The star schema in one working DuckDB file: dbt models as assets, and tables that Python makes between them.

Belongs here: running dbt and Python marts, what the tables record of themselves, what Dagster shows of them. Does not belong
here: SQL (dbt/), connections (resources) or releases (publish).
"""
