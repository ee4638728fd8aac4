"""Who is told of which problem, when, and in which words.

Belongs here: alerts.yaml, the choice of what is to be posted now, the text of a message, and posting it. Does not belong here:
finding out what is wrong, which is `observe`.
"""
