"""dbt as Dagster assets: any model, any check, in any run, with results as they happen."""

import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from sentinel_orchestration.lake.checks import VERSION
from sentinel_orchestration.lake.failing_rows import SAMPLE
from sentinel_orchestration.warehouse import assets
from sentinel_orchestration.warehouse.translation import DbtGraph
from tests.warehouse.dagster_runs import Runs, check, checked, failure, key, materialized, order
from tests.warehouse.small_silver import EVENT_FEEDS, MARTS, Home, day_of_window

UNIT_TEST = "marts/dim_site/dim_site_counts_towers_by_status"
UNIT_TESTS = (UNIT_TEST, "marts/dim_site/dim_site_has_what_other_feeds_mention")
DATA_TEST = "marts/dim_site/unique_dim_site_site_id"


@pytest.fixture
def runs(home: Home) -> Runs:
    return Runs(home)


def version_of(evaluation: dg.AssetCheckEvaluation) -> Any:
    return evaluation.metadata[VERSION].value


class TestOneAlone:
    """What the UI's buttons on one asset or one check do."""

    def test_a_mart(self, runs: Runs) -> None:
        home, before = runs.home, runs.home.states()
        home.tamper()
        home.write("sites", home.silver("sites").head(2))

        result = runs.run(dg.AssetSelection.assets(key("marts/dim_site")).without_checks())

        assert result.success, failure(result)
        assert order(result) == ["marts/dim_site"]
        metadata = materialized(result)["marts/dim_site"].metadata
        sites = home.mart("dim_site")
        assert sites.filter(~sites["is_inferred"]).height == 2
        assert metadata["dagster/row_count"].value == sites.height
        assert metadata["dagster/relation_identifier"].value == "marts.dim_site"
        assert metadata["unique_id"].value == "model.sentinel.dim_site"
        after = home.states()
        assert {name for name in after if after[name].version != before[name].version} == {"dim_site"}
        assert after["dim_site"].stale is None
        tags = materialized(result)["marts/dim_site"].tags
        assert tags is not None
        assert after["dim_site"].version.startswith(tags["dagster/data_version"])

    def test_a_data_test(self, runs: Runs) -> None:
        result = runs.run(check(DATA_TEST))
        assert result.success, failure(result)
        assert order(result) == [DATA_TEST]
        assert checked(result)[DATA_TEST].passed
        assert version_of(checked(result)[DATA_TEST]) == runs.home.states()["dim_site"].version

    def test_a_failing_data_test(self, runs: Runs) -> None:
        runs.home.execute("insert into marts.dim_site from marts.dim_site limit 2")
        evaluation = checked(runs.run(check(DATA_TEST)))[DATA_TEST]
        assert not evaluation.passed
        assert evaluation.severity == dg.AssetCheckSeverity.ERROR
        assert evaluation.description == "2 rows break it."
        assert evaluation.metadata["dagster_dbt/failed_row_count"].value == 2
        sites = runs.home.silver("sites")["site_id"]
        sample = evaluation.metadata[SAMPLE].value
        assert {row["unique_field"] for row in sample} <= set(sites)
        assert [row["n_records"] for row in sample] == [2, 2]

    def test_a_unit_test(self, runs: Runs) -> None:
        result = runs.run(check(UNIT_TEST))
        assert result.success, failure(result)
        assert order(result) == [UNIT_TEST]
        assert checked(result)[UNIT_TEST].passed
        assert version_of(checked(result)[UNIT_TEST]) == runs.home.states()["dim_site"].code

    def test_a_check_that_dbt_gives_no_result_for_is_a_failure(
        self, runs: Runs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`dbt build` of a lone unit test runs nothing and succeeds."""
        name = UNIT_TEST.rpartition("/")[2]
        monkeypatch.setattr(assets, "_commands", lambda *_: [["build", "--select", name]])
        result = runs.run(check(UNIT_TEST))
        assert not result.success
        assert f"dbt gave no result for {name}." in failure(result)

    def test_checks_beside_a_model_and_checks_on_others(self, runs: Runs) -> None:
        """One step, two commands of dbt: a model with one of its tests, and tests on models that stay as they are."""
        other = "marts/fct_incidents/fct_incidents_age_and_resolve_hours"
        model = dg.AssetSelection.assets(key("marts/dim_site")).without_checks()
        result = runs.run(model | check(UNIT_TEST) | check(DATA_TEST) | check(other))
        assert result.success, failure(result)
        assert order(result) == ["marts/dim_site", UNIT_TEST, DATA_TEST, other]


class TestChecks:
    """Results of checks come with, and after, the rows they judge."""

    def test_a_model_with_its_checks(self, runs: Runs) -> None:
        home = runs.home
        home.write("sites", home.silver("sites").head(2))
        home.write("towers", home.silver("towers").filter(site_id=home.silver("sites")["site_id"][0]))

        result = runs.run(dg.AssetSelection.assets(key("marts/dim_site")))

        assert result.success, failure(result)
        found, build = checked(result), home.states()["dim_site"]
        specs = [spec for part in runs.warehouse.assets for spec in part.check_specs]
        assert {f"marts/dim_site/{spec.name}" for spec in specs if spec.asset_key == key("marts/dim_site")} == set(
            found
        )
        assert order(result)[0] == "marts/dim_site"  # also before the unit test, which dbt runs first
        assert {version_of(found[name]) for name in found if name not in UNIT_TESTS} == {build.version}
        assert {version_of(found[name]) for name in UNIT_TESTS} == {build.code}
        record = runs.instance.get_asset_records([key("marts/dim_site")])[0].asset_entry.last_materialization_record
        assert record is not None
        judged = {evaluation.target_materialization_data for evaluation in found.values()}
        assert {target.storage_id for target in judged if target} == {record.storage_id}

    def test_a_failing_unit_test_is_reported_with_its_difference_and_its_model_stays(
        self, edited: Home, tmp_path: Path
    ) -> None:
        runs = Runs(edited.copy(tmp_path / "home"))
        before = runs.home.states()["fct_incidents"].version
        chosen = dg.AssetSelection.assets(key("marts/fct_incidents"), key("marts/fct_inventory_status"))

        result = runs.run(chosen)

        assert not result.success
        assert list(materialized(result)) == ["marts/fct_inventory_status"]
        assert runs.home.states()["fct_incidents"].version == before
        evaluation = checked(result)["marts/fct_incidents/fct_incidents_age_and_resolve_hours"]
        assert not evaluation.passed
        assert evaluation.severity == dg.AssetCheckSeverity.ERROR
        assert "actual differs from expected" in (evaluation.description or "")
        assert "2.75" in (evaluation.description or "")
        others = [name for name in checked(result) if name.startswith("marts/fct_inventory_status/")]
        assert others
        assert all(checked(result)[name].passed for name in others)

    def test_a_warning_is_a_warning(self, runs: Runs) -> None:
        home = runs.home
        rows = home.read_day("detections", day_of_window(2)).with_columns(
            auto_resolved=True, escalated_to_operator=True
        )
        home.write("detections", rows, day_of_window(2))
        result = runs.run(dg.AssetSelection.assets(key("staging/stg_detections")))
        assert result.success, failure(result)
        evaluation = checked(result)["staging/stg_detections/stg_detections_resolved_or_escalated"]
        assert not evaluation.passed
        assert evaluation.severity == dg.AssetCheckSeverity.WARN


class TestWholeGraph:
    """Everything in one run: dbt, then Python, then dbt."""

    @pytest.fixture(scope="class")
    def whole(self, built: Home, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
        """A run of everything from an empty warehouse, what was seen while it ran, and what reached the terminal."""
        home = built.unbuilt(tmp_path_factory.mktemp("whole") / "home")
        runs, seen = Runs(home), list[tuple[str, bool]]()
        terminal = tmp_path_factory.mktemp("terminal") / "stderr"

        def listen(entry: dg.EventLogEntry) -> None:
            event = entry.dagster_event
            if event is not None and event.is_step_materialization and event.asset_key:
                is_dbt_at_work = any(thread.name == "dbt" and thread.is_alive() for thread in threading.enumerate())
                in_log = runs.instance.get_latest_materialization_event(event.asset_key) is not None
                seen.append((event.asset_key.to_user_string(), is_dbt_at_work and in_log))

        stderr = os.dup(2)
        with terminal.open("w") as file:
            os.dup2(file.fileno(), 2)
            try:
                result = runs.run(dg.AssetSelection.all(), listen)
            finally:
                os.dup2(stderr, 2)
                os.close(stderr)
        assert result.success, failure(result)
        return SimpleNamespace(runs=runs, home=home, result=result, seen=dict(seen), terminal=terminal.read_text())

    def test_every_table_is_built_and_every_check_has_a_result(self, whole: SimpleNamespace) -> None:
        warehouse = whole.runs.warehouse
        assert set(materialized(whole.result)) == {asset.to_user_string() for asset in warehouse.keys.values()}
        specs = {f"{s.asset_key.to_user_string()}/{s.name}" for part in warehouse.assets for s in part.check_specs}
        assert set(checked(whole.result)) == specs
        assert {build.stale for build in whole.home.states(warehouse.marts).values()} == {None}

    def test_results_are_in_the_event_log_while_dbt_still_runs(self, whole: SimpleNamespace) -> None:
        from_dbt = {name: seen for name, seen in whole.seen.items() if name != "marts/fct_uptime_trend"}
        assert len(from_dbt) > len(MARTS)
        assert all(from_dbt.values())

    def test_checks_come_after_what_they_judge(self, whole: SimpleNamespace) -> None:
        events = order(whole.result)
        for name in checked(whole.result):
            assert events.index(name) > events.index(name.rpartition("/")[0])

    def test_python_comes_between_two_steps_of_dbt(self, whole: SimpleNamespace) -> None:
        steps = [event.step_key for event in whole.result.all_events if event.is_step_start]
        assert steps == ["dbt_models", "marts__fct_uptime_trend", "dbt_reports"]

    def test_column_lineage_of_staging_marts_and_reports(self, whole: SimpleNamespace) -> None:
        def parents(asset: str, column: str) -> list[str]:
            lineage = materialized(whole.result)[asset].metadata["dagster/column_lineage"].value
            return [f"{dep.asset_key.to_user_string()}.{dep.column_name}" for dep in lineage.deps_by_column[column]]

        assert parents("staging/stg_telemetry", "ts") == ["silver/telemetry.ts"]
        assert parents("staging/stg_telemetry", "day") == ["silver/telemetry.day"]
        assert parents("staging/stg_alert_pipeline", "detect_to_alert_sec") == [
            "silver/alert_pipeline.detection_to_alert_s"
        ]
        assert parents("marts/dim_tower", "age_days") == ["marts/as_of_fleet.as_of", "staging/stg_towers.deploy_date"]
        assert parents("reports/rpt_uptime_trend", "is_falling") == ["marts/fct_uptime_trend.trend_z"]

    def test_nothing_reaches_the_terminal(self, whole: SimpleNamespace) -> None:
        """Such as sqlglot's warnings about columns that it cannot place."""
        assert "Unknown" not in whole.terminal
        assert "scope" not in whole.terminal

    def test_dbt_alone_makes_the_same_tables_of_the_same_silver(self, whole: SimpleNamespace, tmp_path: Path) -> None:
        home = whole.home.copy(tmp_path / "home")
        home.run("--full-refresh")
        assert home.contents() == whole.home.contents()
        versions = {name: build.version for name, build in whole.home.states(whole.runs.warehouse.marts).items()}
        assert {name: b.version for name, b in home.states(whole.runs.warehouse.marts).items()} == versions


class TestSelection:
    """What is not a subset is selected by layer."""

    def test_each_test_is_in_the_step_of_the_last_layer_that_it_reads(self, edited: Home) -> None:
        """One between a report and a mart must not run before the report is built."""
        graph, found = DbtGraph(edited.dbt.manifest()), list[set[str]]()
        for layers in (("staging", "marts"), ("reports",)):
            (command,) = assets._commands(SimpleNamespace(is_subset=False), graph, layers)  # type: ignore[arg-type]
            outcome = edited.dbt.invoke(["ls", *command[1:], "--output", "name"])
            found.append(set(outcome.result))
        models, reports = found
        assert any(name.startswith("relationships_rpt_uptime_trend") for name in reports)
        assert models.isdisjoint(reports)
        everything = {*graph.model_names.values(), *(spec.name for spec in graph.checks.values())}
        assert models | reports == everything


class TestFailures:
    """A failed model says so; a damaged warehouse is built again."""

    def test_a_model_that_cannot_be_built_keeps_its_rows(self, runs: Runs) -> None:
        home, rows = runs.home, runs.home.mart("dim_site")
        home.look()
        home.write("sites", home.silver("sites").drop("env"))
        chosen = dg.AssetSelection.assets(key("staging/stg_sites"), key("marts/dim_site"))
        result = runs.run(chosen.without_checks())
        assert not result.success
        assert "stg_sites: " in failure(result)
        assert '"env" not found' in failure(result)
        assert home.mart("dim_site").equals(rows)

    @pytest.mark.parametrize("place", [0, 8000, 400_000])
    def test_a_damaged_warehouse_is_removed_and_what_is_selected_is_built(self, runs: Runs, place: int) -> None:
        """At once where the damage shows before dbt starts, else by the next run."""
        path = runs.home.layout.warehouse
        content = bytearray(path.read_bytes())
        content[place : place + 300_000] = b"\x55" * min(300_000, len(content) - place)
        path.write_bytes(content)
        chosen = dg.AssetSelection.assets(key("staging/stg_inventory"), key("marts/fct_inventory_status"))
        result = runs.run(chosen.without_checks())
        if not result.success:
            assert "was damaged and is removed. Run the same again" in failure(result)
            result = runs.run(chosen.without_checks())
        assert result.success, failure(result)
        assert runs.home.states()["fct_inventory_status"].stale is None

    def test_a_feed_without_files_is_empty_not_an_error(self, runs: Runs) -> None:
        for feed in EVENT_FEEDS:
            for number in range(1, 6):
                runs.home.remove(feed, day_of_window(number))
            placeholder = runs.home.layout.silver / feed
            for path in placeholder.rglob("*.parquet"):
                path.unlink()
        result = runs.run(dg.AssetSelection.assets(key("marts/fct_detection_events")).without_checks())
        assert result.success, failure(result)
        assert materialized(result)["marts/fct_detection_events"].metadata["dagster/row_count"].value == 0
