"""Bronze (as received), silver (rows that keep their contract) and quarantine (rows that do not, with the rule).

Belongs here: receiving, gating and keeping rows as parquet, and the Dagster assets that do it. Does not belong here:
where rows come from (feeds) or what they add up to (warehouse).
"""
