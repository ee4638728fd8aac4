"""`sentinel init`: what plain dbt needs before the first build."""

from rich.console import Console

from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.files import relative_to_here
from sentinel_orchestration.lake.silver import keep_schema
from sentinel_orchestration.settings import load_settings


def init_command() -> int:
    """Makes the folders; what is there stays as it is."""
    layout = load_settings().layout
    layout.warehouse.parent.mkdir(parents=True, exist_ok=True)
    for contract in load_contracts().values():
        keep_schema(layout, contract)
    Console().print(
        f"{relative_to_here(layout.data)}/ is ready. Next: [bold]sentinel build[/], or plain dbt in dbt/.",
        highlight=False,
    )
    return 0
