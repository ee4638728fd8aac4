"""A small graph whose failures are chosen, run for real and recorded in an instance of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
from pydantic import Field

from sentinel_orchestration.layout import Layout
from sentinel_orchestration.observe.history import History
from sentinel_orchestration.observe.recorder import record

QUIET = {"telemetry": {"enabled": False}}


class Broken(dg.ConfigurableResource):  # type: ignore[type-arg]
    """What fails in a run: names of checks and of assets."""

    names: list[str] = Field(default_factory=list)


@dg.asset(
    owners=["team:data-platform"],
    tags={"domain": "fleet"},
    check_specs=[
        dg.AssetCheckSpec("keys", asset="towers", blocking=True, metadata={"kind": "dbt test", "severity": "error"}),
        dg.AssetCheckSpec("volume", asset="towers", metadata={"kind": "volume", "severity": "warn"}),
    ],
)
def towers(broken: Broken):  # type: ignore[no-untyped-def]
    if "towers" in broken.names:
        raise ValueError("the disk said 'no'")
    yield dg.MaterializeResult(metadata={"dagster/row_count": 60, "Execution Duration": 0.25})
    yield dg.AssetCheckResult(check_name="keys", passed="keys" not in broken.names, description="2 rows break it.")
    yield dg.AssetCheckResult(
        check_name="volume", passed="volume" not in broken.names, severity=dg.AssetCheckSeverity.WARN
    )


@dg.asset(deps=[towers])
def report() -> None:
    """After the towers."""


@dataclass
class Runs:
    """Runs of the graph in an instance, and the history that is read from it."""

    home: Path
    instance: dg.DagsterInstance
    definitions: dg.Definitions = field(
        default_factory=lambda: dg.Definitions(
            assets=[towers, report], jobs=[dg.define_asset_job("build")], resources={"broken": Broken()}
        )
    )

    def __post_init__(self) -> None:
        """Promises nothing, so that failures are no problem of an SLO too."""
        Layout(self.home).slos.write_text("slos: []\n")

    @property
    def history(self) -> History:
        return History(Layout(self.home))

    @classmethod
    @contextmanager
    def at(cls, home: Path) -> Iterator[Runs]:
        """Runs in an instance of their own in this folder."""
        (home / "dagster").mkdir(parents=True, exist_ok=True)
        with dg.DagsterInstance.local_temp(str(home / "dagster"), overrides=QUIET) as instance:
            yield cls(home, instance)

    def run(self, *broken: str, tags: dict[str, str] | None = None, only: dg.AssetsDefinition | None = None) -> str:
        """Runs the job, or `only` one asset of it, with these failures, and gives the run's id."""
        config = {"resources": {"broken": {"config": {"names": list(broken)}}}}
        job = self.definitions.resolve_job_def("build")
        selection = [only.key] if only else None
        done = job.execute_in_process(
            instance=self.instance, run_config=config, raise_on_error=False, tags=tags, asset_selection=selection
        )
        return done.run_id

    def record(self) -> None:
        record(self.history, self.instance, self.definitions.resolve_asset_graph())

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.history.transaction() as connection:
            return connection.execute(query).fetchall()
