"""Where rows come from: the simulator and the files people hand in.

Belongs here: reading a source into frames, as it is. Does not belong here: judging rows (the gate) or keeping them (bronze).
"""
