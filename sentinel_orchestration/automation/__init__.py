"""What starts runs: the build as a job, a schedule, and the build called from the command line.

Belongs here: starting and following runs. Does not belong here: what runs do.
"""
