"""Feeds that are pulled from an HTTP endpoint.

`endpoint` is what sources.yaml says of one, `secrets` reads what it names from the environment, `client` fetches one page,
`paging` says which page follows, `spool` joins the pages in one file, `cursor` says from where the next pull goes on, and
`source` makes a batch of each pull. Does not belong here: what rows mean (the gate).
"""
