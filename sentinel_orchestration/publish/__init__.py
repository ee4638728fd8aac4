"""Write, audit, publish: what passed is swapped in whole, with a manifest; the report is built from it.

Belongs here: the audit, the swap, rollback, and the Evidence site. Does not belong here: making or judging tables.
"""
