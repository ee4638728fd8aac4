"""Asset checks that are neither the gate's nor dbt's: freshness, expectations on distributions, volume.

Belongs here: judging what the lake and the warehouse made. Does not belong here: making or publishing it.
"""
