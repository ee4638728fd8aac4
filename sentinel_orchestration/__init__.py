"""Sentinel: raw feeds of a tower fleet in, audited marts and persona reports out."""
