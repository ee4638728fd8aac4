"""What a table was built from, and why it is out of date."""

from pathlib import Path

import duckdb
import pytest

from sentinel_orchestration.warehouse.state import Mart, damage, has_state, read_states, record_mart, silver_versions
from tests.warehouse.small_silver import Home, day_of_window

MART = Mart("fct_by_python", "code 1", ("dim_site", "fct_incidents"))


def stale(home: Home, *marts: Mart) -> dict[str, str]:
    """Why each table that is out of date is so, but for those made for the report, which follow the marts."""
    return {n: build.stale for n, build in home.states(marts).items() if build.stale and not n.startswith("rpt_")}


def test_every_table_is_up_to_date_after_a_build(built: Home) -> None:
    assert stale(built) == {}
    states = built.states()
    for name, rows in built.query("select table_name, estimated_size from duckdb_tables() where schema_name = 'marts'"):
        if name in states:
            assert states[name].rows == rows
    assert {build.rows for name, build in states.items() if name.startswith("stg_")} == {None}


def test_a_table_that_is_gone_is_not_built(home: Home) -> None:
    home.execute("drop table marts.dim_site; drop view staging.stg_sites")
    assert stale(home) == {"dim_site": "is not built", "stg_sites": "is not built"}


def test_a_warehouse_that_was_only_looked_at_has_nothing_built(built: Home, tmp_path: Path) -> None:
    home = built.unbuilt(tmp_path)
    with home.warehouse.get_connection() as connection:
        assert not has_state(connection)
        assert read_states(connection) == {}
    home.look()
    assert {build.stale for build in home.states().values()} == {"is not built"}
    assert home.states().keys() == built.states().keys()


def test_other_rows_of_a_feed(home: Home) -> None:
    """All that read the feed are out of date, through views too; those that read their tables are not, until these are built."""
    home.halve(day_of_window(3))
    home.remove("telemetry", day_of_window(2))
    home.write("sites", home.silver("sites").head(2))
    assert stale(home) == {}  # nobody has looked yet
    home.look()
    other = "was built from other rows of "
    assert stale(home) == {
        "stg_telemetry": f"{other}telemetry",
        "stg_detections": f"{other}detections",
        "stg_alert_pipeline": f"{other}alert_pipeline",
        "stg_sites": f"{other}sites",
        "dim_site": f"{other}sites",
        "dim_tower": f"{other}sites",
        "as_of_fleet": f"{other}alert_pipeline, detections, sites, telemetry",
        "fct_fleet_health_daily": f"{other}telemetry",
        "fct_detection_events": f"{other}detections",
        "fct_alert_pipeline_latency": f"{other}alert_pipeline, detections",
    }
    home.run()
    assert stale(home) == {}


def test_other_code(edited: Home, tmp_path: Path) -> None:
    home = edited.copy(tmp_path / "home")
    home.look()
    assert stale(home)["dim_site"] == "was built by other code"
    home.run("--select", "dim_site")
    assert "dim_site" not in stale(home)


def test_another_version_of_a_table(home: Home) -> None:
    """Who reads as_of is out of date when it moves; when it is only built again, it is the same version."""
    home.run("--select", "as_of_fleet")
    assert stale(home) == {}

    home.dbt.model_copy(update={"as_of": "2026-03-09"}).invoke(["run", "--select", "as_of_fleet"])

    users = {"dim_tower", "fct_component_reliability", "fct_deployment_status", "fct_incidents"}
    assert stale(home) == dict.fromkeys(users, "was built from another version of as_of_fleet")
    home.dbt.model_copy(update={"as_of": "2026-03-09"}).invoke(["run", "--select", *users])
    assert stale(home) == {
        "dim_site": "was built from another version of dim_tower",
        "fct_spares_demand": "was built from another version of fct_component_reliability",
    }


def test_equal_inputs_give_equal_versions(home: Home, built: Home) -> None:
    versions = {name: build.version for name, build in built.states().items()}
    assert len(set(versions.values())) == len(versions)
    home.run("--full-refresh")
    assert {name: build.version for name, build in home.states().items()} == versions


class TestPythonMarts:
    """Tables that Python makes have the same record."""

    def record(self, home: Home, mart: Mart = MART) -> str:
        with home.warehouse.transaction() as connection:
            connection.execute(f"create or replace table marts.{mart.name} as select 1 as a union all select 2")
            return record_mart(connection, mart, "run 1")

    def test_a_recorded_mart_is_up_to_date(self, home: Home) -> None:
        assert stale(home, MART) == {"fct_by_python": "is not built"}
        version = self.record(home)
        build = home.states([MART])["fct_by_python"]
        assert (build.code, build.version, build.rows, build.stale) == ("code 1", version, 2, None)
        assert self.record(home) == version

    def test_other_code_and_another_version_of_what_it_reads(self, home: Home) -> None:
        version = self.record(home)
        other = Mart(MART.name, "code 2", MART.reads)
        assert stale(home, other) == {"fct_by_python": "was built by other code"}
        assert self.record(home, other) != version

        home.write("sites", home.silver("sites").head(2))
        home.run("--select", "stg_sites", "as_of_fleet", "dim_site", "dim_tower")
        assert stale(home, other) == {"fct_by_python": "was built from another version of dim_site"}

    def test_rows_and_record_are_of_one_transaction(self, home: Home) -> None:
        self.record(home)
        with pytest.raises(RuntimeError, match="half-way"), home.warehouse.transaction() as connection:  # noqa: PT012
            connection.execute(f"create or replace table marts.{MART.name} as select 3 as a")
            record_mart(connection, Mart(MART.name, "code 2", MART.reads), "run 2")
            raise RuntimeError("half-way")
        assert home.states([MART])["fct_by_python"].rows == 2
        assert home.query(f"select count(*) from marts.{MART.name}") == [(2,)]


def test_silver_versions_are_those_that_dbt_saw(home: Home) -> None:
    before = _silver_versions(home)
    assert list(before["detections"]) == [day_of_window(number).isoformat() for number in range(1, 6)]
    assert list(before["sites"]) == [""]
    home.halve(day_of_window(3))
    assert _silver_versions(home) == before
    home.look()
    changed = {
        day for day, version in _silver_versions(home)["detections"].items() if before["detections"][day] != version
    }
    assert changed == {day_of_window(3).isoformat()}


def _silver_versions(home: Home) -> dict[str, dict[str, str]]:
    with duckdb.connect(str(home.layout.warehouse), read_only=True) as connection:
        return silver_versions(connection)


class TestDamage:
    """A file that cannot be opened; one that is in use is not damaged."""

    def test_a_whole_file_and_no_file(self, home: Home, tmp_path: Path) -> None:
        assert damage(home.layout.warehouse) is None
        assert damage(tmp_path / "nothing.duckdb") is None

    def test_a_file_in_use(self, home: Home) -> None:
        with duckdb.connect(str(home.layout.warehouse)):
            assert damage(home.layout.warehouse) is None

    @pytest.mark.parametrize("content", [b"not a database" * 999, b"\0" * 99_999])
    def test_a_file_of_something_else(self, home: Home, content: bytes) -> None:
        home.layout.warehouse.write_bytes(content)
        text = damage(home.layout.warehouse)
        assert text
        assert "not a valid DuckDB database" in text

    def test_a_cut_file(self, home: Home) -> None:
        home.layout.warehouse.write_bytes(home.layout.warehouse.read_bytes()[:9000])
        assert damage(home.layout.warehouse)

    def test_a_block_of_something_else(self, home: Home) -> None:
        content = bytearray(home.layout.warehouse.read_bytes())
        content[8000:308_000] = b"\x55" * 300_000
        home.layout.warehouse.write_bytes(content)
        assert damage(home.layout.warehouse)
