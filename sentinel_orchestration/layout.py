"""Where everything is under a home folder. No other module spells out a path of data/ or inbox/."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

WAREHOUSE_FILE = "sentinel.duckdb"  # the stem is the catalog's name, which views have baked in: the same everywhere
PART = "part.parquet"
DAY_FOLDERS = "day=*"
SNAPSHOT_DAY = ""
PLACEHOLDER_DAY = "1970-01-01"  # holds the schema of an event feed that has no rows; no event is that old


@dataclass(frozen=True)
class Layout:
    """The folders and files of a home."""

    home: Path

    @cached_property
    def data(self) -> Path:
        """Everything Sentinel makes; may be deleted at any time when nothing runs."""
        return self.home.resolve() / "data"

    @cached_property
    def inbox(self) -> Path:
        """Files that people submit, one folder per feed; Sentinel only ever adds to it."""
        return self.home.resolve() / "inbox"

    @property
    def sources(self) -> Path:
        """The file that says where each feed comes from; most homes need none."""
        return self.home.resolve() / "sources.yaml"

    @property
    def alerts(self) -> Path:
        """The file that says who is told of which problem; without it, nobody is."""
        return self.home.resolve() / "alerts.yaml"

    @property
    def logs(self) -> Path:
        """What runs did, one file per day."""
        return self.home.resolve() / "logs"

    @property
    def mappings(self) -> Path:
        """How people's files fit the contracts, <feed>.yaml each; most homes need none."""
        return self.home.resolve() / "mappings"

    @property
    def slos(self) -> Path:
        """What the pipeline promises and what is unusual of it; it replaces the file that Sentinel comes with."""
        return self.home.resolve() / "slos.yaml"

    @property
    def bronze(self) -> Path:
        """Batches as received."""
        return self.data / "bronze"

    @property
    def silver(self) -> Path:
        """Rows that keep their contract."""
        return self.data / "silver"

    @property
    def quarantine(self) -> Path:
        """Rows that break their contract, with the rules they broke."""
        return self.data / "quarantine"

    def silver_file(self, feed: str, day: str = SNAPSHOT_DAY) -> Path:
        """The good rows of a day, or of a snapshot."""
        return _part(self.silver / feed, day)

    def history_file(self, feed: str) -> Path:
        """What a snapshot feed said before, of the columns whose history is kept."""
        return self.silver / feed / "history.parquet"

    def quarantine_file(self, feed: str, day: str = SNAPSHOT_DAY) -> Path:
        """The rejected rows of a day, or of a snapshot."""
        return _part(self.quarantine / feed, day)

    def silver_files(self, feed: str) -> dict[str, Path]:
        """Day → file of every day of silver that there is, oldest first; the one day of a snapshot is ""."""
        return _parts(self.silver / feed)

    def silver_pattern(self, feed: str) -> str:
        """A glob over every file of a feed in silver, the empty one of a feed without rows among them."""
        return str(self.silver / feed / "**" / PART)

    def quarantine_files(self, feed: str) -> dict[str, Path]:
        """Day → file of every day with rejected rows, oldest first."""
        return _parts(self.quarantine / feed)

    @property
    def warehouse(self) -> Path:
        """The working DuckDB file that models are built in. Nobody keeps it open."""
        return self.data / "warehouse" / WAREHOUSE_FILE

    @property
    def dbt_target(self) -> Path:
        """Dbt's target folder."""
        return self.data / "dbt"

    @property
    def published(self) -> Path:
        """Releases, and the links to the ones that are shown."""
        return self.data / "published"

    @property
    def releases(self) -> Path:
        """One folder per release: its DuckDB file, its manifest, its report."""
        return self.published / "releases"

    @property
    def current(self) -> Path:
        """Link to the current release. Readers open nothing else."""
        return self.published / "current"

    @property
    def freshness_export(self) -> Path:
        """How fresh each feed is, for machines."""
        return self.published / "freshness.json"

    @property
    def aggregates_export(self) -> Path:
        """Rows by feed and day, for machines."""
        return self.published / "aggregates.csv"

    @property
    def site(self) -> Path:
        """Link to the report that is shown."""
        return self.data / "site"

    @property
    def dagster(self) -> Path:
        """Dagster's instance: DAGSTER_HOME."""
        return self.data / "dagster"

    @property
    def history(self) -> Path:
        """What runs and checks did, as tables: the pipeline's own history."""
        return self.data / "observe" / "history.duckdb"

    @property
    def health(self) -> Path:
        """What the report shows of the history, as it was when the report was last asked for."""
        return self.data / "observe" / "health.duckdb"

    @property
    def event_logs(self) -> Path:
        """Dagster's event log: a file of each run, and one of all assets."""
        return self.dagster / "history" / "runs"

    def run_files(self, run_id: str) -> list[Path]:
        """What Dagster's own storage keeps of a run alone: its events, and what its steps printed."""
        events = [self.event_logs / f"{run_id}{suffix}" for suffix in (".db", ".db-wal", ".db-shm")]
        return [path for path in (*events, self.dagster / "storage" / run_id) if path.exists()]

    def run_lock(self, run_id: str) -> Path:
        """Locked while a process works on the run."""
        return self.dagster / "alive" / run_id

    @property
    def verify_lock(self) -> Path:
        """Locked while a process works in `verify_scratch`."""
        return self.dagster / "alive" / "verify"

    @property
    def report_scratch(self) -> Path:
        """Where the report is built; removed when it is."""
        return self.data / "report"

    @property
    def report_apps(self) -> Path:
        """The compiled report, in a folder named by what it was compiled from."""
        return self.data / "report-apps"

    @property
    def report_home(self) -> Path:
        """The HOME that Node gets while the report is built; removed with it."""
        return self.data / "report-home"

    @property
    def verify_scratch(self) -> Path:
        """Where a release is rebuilt to be compared; removed afterwards."""
        return self.data / "verify"

    @property
    def verify_release(self) -> Path:
        """The release that is compared, under a name of its own, so that it stays meanwhile."""
        return self.verify_scratch / "release"


def day_folder(folder: Path, day: str) -> Path:
    """The folder of a day inside that of its feed; a snapshot's is the feed's own."""
    return folder / DAY_FOLDERS.replace("*", day) if day else folder


def _part(folder: Path, day: str) -> Path:
    return day_folder(folder, day) / PART


def _parts(folder: Path) -> dict[str, Path]:
    found: Iterable[Path] = (*folder.glob(PART), *folder.glob(f"{DAY_FOLDERS}/{PART}"))
    days = {path.parent.name.removeprefix("day=") if path.parent != folder else SNAPSHOT_DAY: path for path in found}
    return {day: days[day] for day in sorted(days) if day != PLACEHOLDER_DAY}
