"""Where rows come from: files that people submit, HTTP endpoints, the simulator.

Belongs here: reading a source into frames, as it is. Does not belong here: checking rows (the gate) or storing them (bronze).
"""
