"""What Sentinel is made of, and whether it can be trusted: `make audit`.

Belongs here: the bill of materials, the search for secrets, questions to vulnerability databases. Does not belong here:
anything Sentinel needs to run. It imports the tools of requirements-audit.lock and the standard library only.
"""
