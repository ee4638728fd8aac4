"""The `sentinel` command: one module per subcommand, and what a terminal shows.

Belongs here: options, help, exit codes, and rendering with rich. Does not belong here: work. Imports are inside the commands,
so that `sentinel --help` answers at once.
"""

import gc
import time
from pathlib import Path
from typing import Annotated

import typer

from sentinel_orchestration.cli.errors import clear_errors

app = typer.Typer(
    name="sentinel",
    help="Feeds of a tower fleet in, audited marts and persona reports out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

alerts = typer.Typer(
    help="Tell people what is wrong: the routes of alerts.yaml.", no_args_is_help=True, rich_markup_mode="rich"
)
app.add_typer(alerts, name="alerts")

Days = Annotated[int | None, typer.Option(help="Simulated days, the last one being that of --as-of.")]
Towers = Annotated[int | None, typer.Option(help="Simulated towers.")]
Seed = Annotated[int | None, typer.Option(help="Seed of the simulator.")]
AsOf = Annotated[
    str | None,
    typer.Option(help="Moment that 'now' means, UTC, to the hour: 2026-11-01T12:00. Default: after the newest event."),
]


@app.command(epilog="Example: [bold]sentinel build --days 7 --towers 20 --no-report[/bold]")
def build(
    report: Annotated[bool, typer.Option("--report/--no-report", help="Build the Evidence site too.")] = True,
    days: Days = None,
    towers: Towers = None,
    seed: Seed = None,
    as_of: AsOf = None,
    allow_missing: Annotated[
        list[str] | None,
        typer.Option(help="Feed that may go, although somebody provided it before; or all. Can be given again."),
    ] = None,
) -> None:
    """Materialize the whole graph, publish what passed, and build the report."""
    started = time.monotonic()
    gc.disable()  # until the graph is loaded: what is imported stays, and going through it takes a third of a second
    try:
        from sentinel_orchestration.cli.build import build_command
        from sentinel_orchestration.settings import load_settings

        with clear_errors():
            settings = load_settings(days=days, towers=towers, seed=seed, as_of=as_of)
            raise typer.Exit(build_command(settings, report, started, allow_missing or []))
    finally:
        gc.enable()


@app.command(epilog="Example: [bold]sentinel backfill 2026-11-01 2026-11-07 --no-report[/bold]")
def backfill(
    first: Annotated[str, typer.Argument(help="First day, UTC: 2026-11-01.")],
    last: Annotated[str | None, typer.Argument(help="Last day; by default the first one is the only one.")] = None,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Build the Evidence site too.")] = True,
) -> None:
    """Receive and gate some days of the event feeds again, and build and publish what is made of them."""
    from sentinel_orchestration.cli.backfill import backfill_command
    from sentinel_orchestration.settings import load_settings

    with clear_errors():
        raise typer.Exit(backfill_command(load_settings(), first, last, report))


@app.command(epilog="Example: [bold]sentinel ingest exports/telemetry_2026-10.parquet --feed telemetry[/bold]")
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Parquet, CSV or JSON-lines files, or folders of them.")],
    feed: Annotated[
        str | None, typer.Option(help="Feed of the files; by default detected from the name, folder or columns.")
    ] = None,
    write_mapping: Annotated[
        bool, typer.Option("--write-mapping", help="Write the map that is proposed for files that do not fit.")
    ] = False,
) -> None:
    """Take your own files: check their shape against the contract and keep them for the next build."""
    from sentinel_orchestration.cli.ingest import ingest_command

    with clear_errors():
        raise typer.Exit(ingest_command(paths, feed, write_mapping))


@app.command(epilog="Example: [bold]sentinel rejudge telemetry --reason 'clock of the server was in 2019'[/bold]")
def rejudge(
    feed: Annotated[str, typer.Argument(help="Feed whose batches were received under a wrong clock.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept with each batch.")],
    batch: Annotated[str | None, typer.Option(help="Id of one batch; by default every one that counts.")] = None,
) -> None:
    """Judge batches again as received now: under a wrong clock, their rows were taken for rows of the future."""
    from sentinel_orchestration.cli.rejudge import rejudge_command

    with clear_errors():
        raise typer.Exit(rejudge_command(feed, reason, batch))


@app.command(epilog="Example: [bold]sentinel feeds[/bold]")
def feeds() -> None:
    """Show each feed in one line: its source, files, rows, first and last event, quarantined rows, and freshness."""
    from sentinel_orchestration.cli.feeds import feeds_command

    with clear_errors():
        raise typer.Exit(feeds_command())


@app.command(epilog="Example: [bold]sentinel quarantine detections --rule target_class.allowed --csv bad.csv[/bold]")
def quarantine(
    feed: Annotated[str, typer.Argument(help="Feed whose rejected rows are shown.")],
    rule: Annotated[str | None, typer.Option(help="Only the rows that break this rule.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write all of these rows to this file.")] = None,
) -> None:
    """Show the rows of a feed that broke a rule: how many per rule, why, and their file and row number."""
    from sentinel_orchestration.cli.quarantine import quarantine_command

    with clear_errors():
        raise typer.Exit(quarantine_command(feed, rule, csv))


@app.command(epilog="Example: [bold]sentinel slo[/bold]")
def slo() -> None:
    """Show how much of each error budget is left, how fast it burns, and what to do."""
    from sentinel_orchestration.cli.slo import slo_command

    with clear_errors():
        raise typer.Exit(slo_command())


@app.command(epilog="Example: [bold]sentinel new-feed gusts exports/gusts.csv --domain weather[/bold]")
def new_feed(
    name: Annotated[str, typer.Argument(help="Name of the feed, such as wind_gusts.")],
    file: Annotated[Path, typer.Argument(help="A sample of its rows: parquet, CSV or JSON lines.")],
    domain: Annotated[
        str, typer.Option(help="Folder that the feed belongs to; an existing one or a new one.")
    ] = "custom",
    key: Annotated[
        list[str] | None,
        typer.Option(help="Column that identifies a row; can be given again. By default guessed from the rows."),
    ] = None,
    event_time: Annotated[
        str | None,
        typer.Option(help="Column that says when a row happened, or none for a snapshot. By default guessed."),
    ] = None,
) -> None:
    """Draft a new feed from a sample file: its contract, its dbt models, and a page of the report."""
    from sentinel_orchestration.cli.new_feed import new_feed_command
    from sentinel_orchestration.lake.sample import Said

    with clear_errors():
        raise typer.Exit(new_feed_command(name, file, domain, Said(key or (), event_time)))


@app.command(epilog="Example: [bold]sentinel rollback[/bold]")
def rollback() -> None:
    """Put the previous release back, with its report."""
    from sentinel_orchestration.cli.rollback import rollback_command

    with clear_errors():
        raise typer.Exit(rollback_command())


@app.command(epilog="Example: [bold]sentinel prune --dry-run[/bold]")
def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be removed, and remove nothing.")] = False,
) -> None:
    """Remove old releases, batches that nothing needs, and runs that ended long ago, never what is published."""
    from sentinel_orchestration.cli.prune import prune_command

    with clear_errors():
        raise typer.Exit(prune_command(dry_run))


@app.command(epilog="Example: [bold]sentinel verify && echo the same[/bold]")
def verify() -> None:
    """Rebuild the current release from the same batches in a scratch place, and compare table by table."""
    from sentinel_orchestration.cli.verify import verify_command

    with clear_errors():
        raise typer.Exit(verify_command())


@app.command(epilog="Example: [bold]sentinel incidents[/bold]")
def incidents() -> None:
    """Show what is wrong, and what was in the last seven days: one line per problem."""
    from sentinel_orchestration.cli.incidents import incidents_command

    with clear_errors():
        raise typer.Exit(incidents_command())


@app.command(epilog="Example: [bold]sentinel ack 1a2b3c4d --why 'the vendor fixes it on Monday'[/bold]")
def ack(
    incident: Annotated[
        str, typer.Argument(help="Id of the incident, or its beginning: a message and `incidents` have it.")
    ],
    why: Annotated[str | None, typer.Option(help="Why it may stay open; it is kept with the incident.")] = None,
) -> None:
    """Say that a problem is known: there are no more reminders of it, and its end is still posted."""
    from sentinel_orchestration.cli.incidents import ack_command

    with clear_errors():
        raise typer.Exit(ack_command(incident, why))


@alerts.command(name="test", epilog="Example: [bold]sentinel alerts test[/bold]")
def alerts_test() -> None:
    """Post a test message to each route, and say which took it."""
    from sentinel_orchestration.cli.alerts import try_command

    with clear_errors():
        raise typer.Exit(try_command())


@alerts.command(name="check", epilog="Example: [bold]*/10 * * * * sentinel alerts check[/bold] in a crontab")
def alerts_check() -> None:
    """Look once for what is wrong and post what is news, without the daemon: it cannot report its own death."""
    from sentinel_orchestration.cli.alerts import check_command

    with clear_errors():
        raise typer.Exit(check_command())


@app.command(epilog="Example: [bold]SENTINEL_DAGSTER_PORT=3100 sentinel dev[/bold]")
def dev() -> None:
    """Serve the Dagster UI (webserver and daemon) and the built report until Ctrl-C."""
    from sentinel_orchestration.serve.dev import serve_dev

    with clear_errors():
        raise typer.Exit(serve_dev())


@app.command(epilog="Example: [bold]SENTINEL_SITE_PORT=8080 sentinel site[/bold]")
def site() -> None:
    """Serve the built report alone, until Ctrl-C or SIGTERM; a newer one as soon as it is there."""
    from sentinel_orchestration.cli.site import site_command

    with clear_errors():
        raise typer.Exit(site_command())


@app.command(epilog="Example: [bold]sentinel init && cd dbt && dbt build[/bold]")
def init() -> None:
    """Make the data folders that plain dbt needs: the warehouse's, and silver with every feed's columns."""
    from sentinel_orchestration.cli.init import init_command

    with clear_errors():
        raise typer.Exit(init_command())
