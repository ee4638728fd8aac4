"""What `sentinel ingest` does with a map that it proposes: show it, and write it if it was told to."""

from rich.console import Console
from rich.markup import escape

from sentinel_orchestration.cli.progress import MARKS
from sentinel_orchestration.files import relative_to_here, write_text
from sentinel_orchestration.layout import Layout

NEXT = "Check it, answer what is commented, then run the same command again."


def offer_map(console: Console, layout: Layout, feed: str, proposal: str, write: bool) -> None:
    """Never touches a map that is there."""
    path = layout.mappings / f"{feed}.yaml"
    shown = escape(relative_to_here(path))
    if path.exists():
        said = f"A map would help. {shown} is there already and was left as it is; add to it:"
    elif write:
        write_text(path, proposal)
        said = f"Wrote {shown}. {NEXT}"
    else:
        said = f"A map would help. Write it to {shown}, or add --write-mapping. {NEXT}"
    console.print(f"{MARKS['warned']} {said}\n", highlight=False, soft_wrap=True)
    console.print(escape(proposal), highlight=False, soft_wrap=True)
