"""Finds the contract files of all domains and puts each feed after the feeds it refers to."""

from functools import cache
from pathlib import Path

from sentinel_orchestration.contracts.model import Contract
from sentinel_orchestration.contracts.odcs import SUFFIX, ContractError, read_contract, short_name

CONTRACTS_DIR = Path(__file__).parent


@cache
def load_contracts(folder: Path = CONTRACTS_DIR) -> dict[str, Contract]:
    """The contracts in `folder`/<domain>/<feed>.odcs.yaml by feed, each feed after the feeds it refers to.

    Raises ContractError for a file that is not ODCS v3, that breaks a rule of ours or is in the wrong folder, for a feed
    with two files, and for references that lead nowhere or form a cycle.
    """
    paths = _files_by_feed(folder)
    return _in_order_of_references({feed: read_contract(path) for feed, path in paths.items()}, paths)


def _files_by_feed(folder: Path) -> dict[str, Path]:
    paths: dict[str, Path] = {}
    for path in sorted(folder.rglob(f"*{SUFFIX}")):
        if path.parent.parent != folder:
            place = path.relative_to(folder).as_posix()
            raise ContractError(f"{place}: is not in a domain's folder. Move it to {folder.name}/<domain>/{path.name}.")
        feed = path.name.removesuffix(SUFFIX)
        if feed in paths:
            raise ContractError(
                f"{short_name(paths[feed])} and {short_name(path)}: two files for the feed {feed}. Rename one of the feeds."
            )
        paths[feed] = path
    if not paths:
        raise ContractError(f"{folder}: no <domain>/*{SUFFIX} file found. Each feed needs a contract.")
    return paths


def _in_order_of_references(contracts: dict[str, Contract], paths: dict[str, Path]) -> dict[str, Contract]:
    ordered: dict[str, Contract] = {}

    def place(feed: str, path: tuple[str, ...]) -> None:
        if feed in ordered:
            return
        if feed in path:
            raise ContractError(f"{feed}: its references lead back to itself ({' → '.join((*path, feed))}).")
        for column, reference in contracts[feed].references:
            target = contracts.get(reference.feed)
            if target is None or reference.column not in target.column_names:
                raise ContractError(
                    f"{short_name(paths[feed])}: {column} refers to {reference.feed}.{reference.column}, "
                    "which no contract has."
                )
            place(reference.feed, (*path, feed))
        ordered[feed] = contracts[feed]

    for feed in contracts:
        place(feed, ())
    return ordered
