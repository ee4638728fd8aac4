"""`sentinel rollback`: the previous release becomes current again."""

from sentinel_orchestration.cli.progress import terminal
from sentinel_orchestration.files import relative_to_here
from sentinel_orchestration.publish.releases import NothingToRollBackError
from sentinel_orchestration.settings import load_settings


class RollbackFailedError(RuntimeError):
    """The rollback job failed; the message says why."""


def rollback_command() -> int:
    """Runs the rollback job, so that it waits for its turn and is in the history like any run that publishes."""
    console, settings = terminal(), load_settings()
    layout = settings.layout
    if not layout.releases.exists():
        raise NothingToRollBackError("There is no release yet: run `sentinel build` first.")
    replaced = layout.current.resolve().name
    with console.status("loading the graph"):
        from sentinel_orchestration.automation.build import run_job
        from sentinel_orchestration.automation.failures import first_error
        from sentinel_orchestration.automation.instance import open_instance
        from sentinel_orchestration.definitions import upkeep_definitions
        from sentinel_orchestration.publish.assets import ROLLBACK_JOB

        definitions, instance = upkeep_definitions(settings), open_instance(settings)
    result = run_job(
        settings, definitions, instance, ROLLBACK_JOB, "sentinel rollback", lambda entry: None, console.print
    )
    if not result.success:
        raise RollbackFailedError(first_error(result, settings).removeprefix("roll back: "))
    console.print(f"[green]✓[/] {layout.current.resolve().name} is published again; {replaced} was replaced.")
    if not layout.site.exists():
        console.print("  That release has no report; none is shown until the next [bold]sentinel build[/].")
    console.print(f"  {relative_to_here(layout.current)}. Next: [bold]sentinel build[/] publishes a new release.")
    return 0
