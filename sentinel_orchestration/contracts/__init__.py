"""What every feed must look like: one Open Data Contract Standard file a feed, and the loader.

Belongs here: contract files and the typed objects read from them. Does not belong here: anything that touches rows.
"""

from sentinel_orchestration.contracts.loader import ContractError, load_contracts
from sentinel_orchestration.contracts.model import Column, Contract, Reference, RowRule

__all__ = ["Column", "Contract", "ContractError", "Reference", "RowRule", "load_contracts"]
