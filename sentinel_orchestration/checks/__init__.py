"""Asset checks that are not dbt tests: distributions (Great Expectations), freshness, volume.

Belongs here: verdicts on rows that are there. Does not belong here: rules for a single row (the gate) or of a model (dbt).
"""
