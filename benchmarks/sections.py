"""The parts a build's seconds are told by, as they are called in tables.

Belongs here: names. Does not belong here: the clock (traced).
"""

PYTHON, IMPORTS, COMMAND = "Python starts", "imports", "the command: settings, contracts, summary"
DEFINITIONS, INSTANCE, EVENT_LOG = "Dagster: definitions", "Dagster: instance", "Dagster: event log"
BETWEEN = "Dagster: planning, between steps"
RECEIVE, GATE, PUBLISH = "receive (generate, bronze)", "gate (bronze to silver)", "audit, publish"
DBT, DBT_LOAD, FRESHNESS = "dbt build", "dbt: stored manifest", "source freshness (dbt)"
VOLUME, EXPECTATIONS = "row volume", "Great Expectations (its process imports beside dbt)"
AROUND_LAKE, AROUND_DBT = "Dagster: lake steps around the work", "Dagster: dbt step around the work"
