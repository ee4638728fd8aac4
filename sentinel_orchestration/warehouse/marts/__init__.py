"""Tables that Python makes between dbt models: assets like any other, in the same warehouse, with the same record.

Belongs here: what SQL has no words for (statistics over many pairs, models). Does not belong here: anything dbt can say.
A new mart is a module with a `MART`, found by its place in this folder.
"""
