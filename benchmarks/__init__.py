"""Measurements of Sentinel's speed that anyone can run: `make bench`.

Belongs here: what is measured, how, and the limit each figure is compared with. Does not belong here: assertions in the test
suite (a shared machine is no stopwatch), or anything the package needs.
"""
