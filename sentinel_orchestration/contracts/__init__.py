"""What every feed must look like: one Open Data Contract Standard file per feed, in a folder per domain.

Belongs here: the contract files, the typed objects read from them, and what is generated from them alone (dbt's sources,
the first dbt models of a new feed), and the draft of a contract from what a sample showed.
Does not belong here: anything that touches rows.
"""

from sentinel_orchestration.contracts.loader import load_contracts
from sentinel_orchestration.contracts.model import Column, Contract, Reference, RowRule
from sentinel_orchestration.contracts.odcs import ContractError

__all__ = ["Column", "Contract", "ContractError", "Reference", "RowRule", "load_contracts"]
