"""The `sentinel` command: each subcommand is a few calls into the package.

Belongs here: options, help and exit codes. Does not belong here: work. Imports stand inside the commands, so that
`sentinel --help` answers at once.
"""

import os
from pathlib import Path
from typing import Annotated, NoReturn

import typer

app = typer.Typer(
    name="sentinel",
    help="Feeds of a tower fleet in, audited marts and persona reports out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

Days = Annotated[int | None, typer.Option(help="Simulated days, the last one being that of --as-of.")]
Towers = Annotated[int | None, typer.Option(help="Simulated towers.")]
Seed = Annotated[int | None, typer.Option(help="Seed of the simulator.")]
AsOf = Annotated[
    str | None, typer.Option(help="Moment that 'now' means, UTC, to the hour: 2026-11-01T12:00. Default: this hour.")
]


@app.command(epilog="Example: [bold]sentinel build --days 7 --towers 20 --no-report[/bold]")
def build(
    report: Annotated[bool, typer.Option("--report/--no-report", help="Build the Evidence site too.")] = True,
    days: Days = None,
    towers: Towers = None,
    seed: Seed = None,
    as_of: AsOf = None,
) -> None:
    """Materialise the whole graph, publish what passed, and build the report."""
    _set(DAYS=days, TOWERS=towers, SEED=seed, AS_OF=as_of)
    from sentinel_orchestration.console import build_command

    with _clear_errors():
        raise typer.Exit(build_command(with_report=report))


@app.command(epilog="Example: [bold]sentinel ingest exports/telemetry_2026-10.parquet --feed telemetry[/bold]")
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Parquet, CSV or JSON-lines files, or folders of them.")],
    feed: Annotated[str | None, typer.Option(help="Feed of the files; else told by name, folder or columns.")] = None,
) -> None:
    """Take your own files: hold their shape against the contract and keep them for the next build."""
    from sentinel_orchestration.console import ingest_command

    with _clear_errors():
        raise typer.Exit(ingest_command(paths, feed))


@app.command(epilog="Example: [bold]sentinel rollback[/bold]")
def rollback() -> None:
    """Put the previous published build back, with its report."""
    from sentinel_orchestration.console import rollback_command

    with _clear_errors():
        raise typer.Exit(rollback_command())


@app.command(epilog="Example: [bold]sentinel verify && echo the same[/bold]")
def verify() -> None:
    """Rebuild what is published from the same batches in a scratch place, and compare table by table."""
    from sentinel_orchestration.console_verify import verify_command

    with _clear_errors():
        raise typer.Exit(verify_command())


@app.command(epilog="Example: [bold]SENTINEL_DAGSTER_PORT=3100 sentinel dev[/bold]")
def dev() -> None:
    """Serve the Dagster UI (webserver and daemon) and the built report until Ctrl-C."""
    from sentinel_orchestration.serve.dev import serve_dev

    with _clear_errors():
        raise typer.Exit(serve_dev())


def _set(**values: object) -> None:
    """Options are settings: they go where every part reads them, the graph's definitions included."""
    for name, value in values.items():
        if value is not None:
            os.environ[f"SENTINEL_{name}"] = str(value)


class _clear_errors:  # noqa: N801  (reads as a statement: `with _clear_errors():`)
    """Turns an error a person can mend into one line on stderr and exit code 2; any other keeps its traceback."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is not None and type(error).__module__.startswith("sentinel_orchestration"):
            _fail(str(error))
        if isinstance(error, Exception) and not isinstance(error, typer.Exit):
            from sentinel_orchestration.mishaps import in_one_line
            from sentinel_orchestration.settings import load_settings

            told = in_one_line(error, load_settings())
            if told:
                _fail(told)
        if isinstance(error, OSError):
            _fail(f"{error.filename or 'file'}: {error.strerror}. Check the path, its permissions and the free space.")


def _fail(message: str) -> NoReturn:
    typer.secho(f"sentinel: {message}", err=True, fg=typer.colors.RED)
    raise typer.Exit(2)


if __name__ == "__main__":
    app()
