"""Each model records what it was built from, and catches up on exactly what it has missed, whoever runs dbt and however."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner

from sentinel_orchestration.internals import close_dbt_connections
from sentinel_orchestration.resources import DbtError
from tests.warehouse.small_silver import (
    BY_DAY,
    DBT_DIR,
    EVENT_FEEDS,
    FIRST_DAY,
    Home,
    day_of_window,
)

FACTS = ("--select", *BY_DAY)
OLD = FIRST_DAY - timedelta(days=30)


def days(*numbers: int) -> set[date]:
    return set(map(day_of_window, numbers))


def rows_by_day(home: Home) -> dict[str, dict[date, int]]:
    return {
        fact: dict(home.query(f"select {day}, count(*) from marts.{fact} group by all"))
        for fact, (day, _) in BY_DAY.items()
    }


def rows_of_silver(home: Home) -> dict[str, dict[date, int]]:
    """What `rows_by_day` should be: towers or rows by day, counted in the files."""
    feeds = {"fct_detection_events": "detections", "fct_alert_pipeline_latency": "alert_pipeline"}
    counts = {
        fact: {date.fromisoformat(day): len(home.read_day(feed, date.fromisoformat(day))) for day in files}
        for fact, feed in feeds.items()
        if (files := home.layout.silver_files(feed))
    }
    towers = {
        date.fromisoformat(day): home.read_day("telemetry", date.fromisoformat(day))["tower_id"].n_unique()
        for day in home.layout.silver_files("telemetry")
    }
    return counts | {"fct_fleet_health_daily": towers}


class TestDays:
    """Which days of a fact are built again."""

    def test_changed_new_old_and_removed_days_and_no_others(self, home: Home) -> None:
        home.tamper()
        home.halve(day_of_window(3))
        home.simulate(day_of_window(6))
        home.simulate(OLD)
        for feed in EVENT_FEEDS:
            home.remove(feed, day_of_window(5))

        home.run(*FACTS)

        for fact in ("fct_fleet_health_daily", "fct_detection_events"):
            assert home.days(fact) == (days(3, 6) | {OLD}, days(1, 2, 4)), fact
        # An alert looks for its detection on the days around its own.
        assert home.days("fct_alert_pipeline_latency") == (days(2, 3, 4, 6) | {OLD}, days(1))
        assert rows_by_day(home) == rows_of_silver(home)

    def test_a_fact_that_missed_runs_catches_up(self, home: Home) -> None:
        home.tamper()
        for number in (1, 4):
            home.halve(day_of_window(number))
            home.run(*FACTS, "--exclude", "fct_detection_events")
        assert home.days("fct_fleet_health_daily") == (days(1, 4), days(2, 3, 5))
        assert home.days("fct_detection_events") == (set(), days(1, 2, 3, 4, 5))

        home.run(*FACTS)

        assert home.days("fct_detection_events") == (days(1, 4), days(2, 3, 5))
        assert home.days("fct_fleet_health_daily") == (days(1, 4), days(2, 3, 5))
        assert rows_by_day(home) == rows_of_silver(home)

    def test_a_run_without_changes_builds_no_day(self, home: Home) -> None:
        home.tamper()
        home.run(*FACTS)
        assert all(not home.days(fact)[0] for fact in BY_DAY)

    def test_full_refresh_builds_every_day_of_what_it_selects(self, home: Home) -> None:
        home.tamper()
        home.run("--full-refresh", "--select", "fct_detection_events")
        assert home.days("fct_detection_events") == (days(1, 2, 3, 4, 5), set())
        assert not home.days("fct_fleet_health_daily")[0]

    def test_a_feed_without_rows_and_its_first_and_last_days(self, built: Home, tmp_path: Path) -> None:
        """A full build of nothing, days that come later, and a feed whose days are all gone again."""
        home = built.empty(tmp_path)
        home.run("--select", "staging", *BY_DAY)
        assert all(not found for found in rows_by_day(home).values())
        assert {home.states()[fact].stale for fact in BY_DAY} == {None}

        for number in (1, 2):
            home.simulate(day_of_window(number))
        home.run(*FACTS)
        assert rows_by_day(home) == rows_of_silver(home)
        assert rows_by_day(home)["fct_detection_events"].keys() == days(1, 2)

        for feed in EVENT_FEEDS:
            for number in (1, 2):
                home.remove(feed, day_of_window(number))
        home.run(*FACTS)
        assert all(not found for found in rows_by_day(home).values())
        assert {home.states()[fact].stale for fact in BY_DAY} == {None}


class TestCode:
    """What counts as changed code of a model, and what follows from it."""

    CHANGED = frozenset(
        {"dim_site", "stg_components", "as_of_fleet", "fct_component_reliability", "fct_fleet_health_daily"}
        | {"fct_incidents", "fct_deployment_status"}
    )

    def test_changed_sql_views_vars_and_macros_change_the_digests_of_their_users(
        self, built: Home, edited: Home, tmp_path: Path
    ) -> None:
        home = edited.copy(tmp_path / "home")
        home.look()
        before, after = built.codes(), home.codes()
        assert {m for m in after if after[m] != before[m] and not m.startswith("rpt_")} == self.CHANGED
        stale = {model: build.stale for model, build in home.states().items() if not model.startswith("rpt_")}
        other_code = {model for model, why in stale.items() if why == "was built by other code"}
        assert other_code == self.CHANGED

    def test_a_model_with_changed_code_is_built_in_full_and_others_are_not(self, edited: Home, tmp_path: Path) -> None:
        home = edited.copy(tmp_path / "home")
        home.tamper()
        low = "select count(*) from marts.fct_fleet_health_daily where is_low_uptime and avg_uptime_pct >= 90"
        assert home.query(low) == [(0,)]

        home.run(*FACTS)

        assert home.days("fct_fleet_health_daily") == (days(1, 2, 3, 4, 5), set())
        assert home.query(low) != [(0,)]  # the changed var
        for fact in ("fct_detection_events", "fct_alert_pipeline_latency"):
            assert home.days(fact) == (set(), days(1, 2, 3, 4, 5))


class TestParsing:
    """dbt notes more about a model while it compiles it: no digest may depend on how much of that a manifest holds."""

    @pytest.fixture
    def plain(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
        """Runs dbt as a person does, on a project of its own, so that dbt parses it or the part that changed."""
        project = tmp_path / "dbt"
        shutil.copytree(DBT_DIR, project, ignore=shutil.ignore_patterns("target", "logs"))

        def run(home: Home, *command: str) -> None:
            monkeypatch.setenv("SENTINEL_HOME", str(home.path))
            monkeypatch.setenv("SENTINEL_AS_OF", str(home.as_of))
            folders = ["--project-dir", str(project), "--profiles-dir", str(project)]
            outcome = dbtRunner().invoke([*command, *folders, "--log-level", "none"])
            close_dbt_connections()
            assert outcome.success

        return run

    def test_every_way_of_parsing_gives_the_same_digests_and_days(
        self, built: Home, plain: Callable[..., None], tmp_path: Path
    ) -> None:
        home = built.unbuilt(tmp_path / "home")
        project = tmp_path / "dbt"
        build = ("run", "--select", "staging", *BY_DAY)

        plain(home, *build)  # a full parse, and a full build
        codes = home.codes()
        assert rows_by_day(home) == rows_of_silver(home)

        home.tamper()
        plain(home, *build)  # nothing to parse
        assert home.codes() == codes
        assert all(not home.days(fact)[0] for fact in BY_DAY)

        home.halve(day_of_window(3))
        yml = project / "models/marts/fleet/fct_fleet_health_daily.yml"
        yml.write_text(yml.read_text().replace("Mean CPU load", "CPU load, mean"))
        plain(home, *build)  # a partial parse
        assert home.codes() == codes
        assert home.days("fct_fleet_health_daily") == (days(3), days(1, 2, 4, 5))
        assert home.days("fct_detection_events") == (days(3), days(1, 2, 4, 5))

        home.tamper()
        home.halve(day_of_window(5))
        home.run(*FACTS)  # a manifest that was parsed long ago
        assert home.codes() == codes
        assert home.days("fct_detection_events") == (days(5), days(1, 2, 3, 4))
        assert home.days("fct_alert_pipeline_latency") == (days(4, 5), days(1, 2, 3))
        assert rows_by_day(home) == rows_of_silver(home)

        strategy = project / "macros/state/by_day.sql"
        strategy.write_text(strategy.read_text().replace("as coming", "as arriving").replace("coming.", "arriving."))
        plain(home, "run-operation", "read_state")  # a partial parse of a macro: how facts replace their days
        assert {model for model, code in home.codes().items() if codes[model] != code} == BY_DAY.keys()


class TestRecord:
    """The record itself."""

    def test_a_record_of_another_format_is_replaced_and_everything_is_built_again(self, home: Home) -> None:
        home.tamper()
        home.execute("comment on table meta.invocation is '0'; drop table meta.passed; drop table meta.plan")
        home.run(*FACTS)
        assert all(not home.days(fact)[1] for fact in BY_DAY)
        assert {home.states()[fact].stale for fact in BY_DAY} == {None}
        assert home.states()["dim_site"].stale == "is not built"

    def test_views_of_a_copied_or_moved_home_read_its_own_silver(self, home: Home) -> None:
        home.halve(day_of_window(2))
        home.run("--select", "fct_detection_events")
        assert rows_by_day(home)["fct_detection_events"] == rows_of_silver(home)["fct_detection_events"]

    def test_a_view_that_does_not_fit_the_silver_of_a_moved_home_fails_until_it_is_built_again(
        self, home: Home, tmp_path: Path
    ) -> None:
        elsewhere = tmp_path / "it's elsewhere/data/silver/sites/part.parquet"
        elsewhere.parent.mkdir(parents=True)
        home.silver("sites").with_columns(gone=1).write_parquet(elsewhere)
        quoted = str(elsewhere).replace("'", "''")
        home.execute(f"create or replace view staging.stg_sites as select *, gone from read_parquet('{quoted}')")
        for _ in range(2):
            with pytest.raises(DbtError, match="gone"):
                home.look()
        home.run("--select", "staging")
        home.look()
        assert home.states()["stg_sites"].stale is None

    def test_without_silver_dbt_says_what_to_do(self, built: Home, tmp_path: Path) -> None:
        home = replace(built, path=tmp_path)
        with pytest.raises(DbtError, match=r"No silver in .*sentinel init"):
            home.look()

    def test_rows_that_change_while_dbt_runs_are_built_again(self, home: Home) -> None:
        """The version recorded is the one that was there at the start, so the next run sees the difference."""
        changed = home.read_day("detections", day_of_window(2)).gather_every(3)

        def change(event: object) -> None:
            if event.info.name == "LogStartLine":  # type: ignore[attr-defined]
                home.write("detections", changed, day_of_window(2))

        home.halve(day_of_window(2))
        home.dbt.invoke(["run", "--select", "fct_detection_events"], change)
        home.look()
        assert home.states()["fct_detection_events"].stale == "was built from other rows of detections"
        home.run("--select", "fct_detection_events")
        assert rows_by_day(home)["fct_detection_events"][day_of_window(2)] == changed.height
