"""What Sentinel consists of and whether it can be trusted: `make audit`.

Belongs here: the bill of materials, the search for secrets, queries to vulnerability databases. Does not belong here:
anything Sentinel needs to run. It imports only the standard library and the tools in requirements-audit.lock.
"""
