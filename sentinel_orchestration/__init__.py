"""Sentinel: raw feeds of a tower fleet in, audited marts and persona reports out."""

import logging

logging.getLogger(__name__).addHandler(logging.NullHandler())  # whoever runs it says where its log goes
