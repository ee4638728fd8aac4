"""dbt and the warehouse as resources: parsed once, streamed, stopped, and never left open."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest
import yaml

from sentinel_orchestration.resources import DbtError, DbtResource, WarehouseResource

SLOW = "select count(*) as n from range(1000000) as a, range(1000000) as b where a.range < b.range"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> DbtResource:
    """A project of two models, one of which would take hours with the var `as_of`."""
    home = tmp_path_factory.mktemp("home")
    project = home / "dbt"
    (project / "models").mkdir(parents=True)
    output = {"type": "duckdb", "path": "{{ var('home', '.') }}/data/warehouse/sentinel.duckdb", "threads": 1}
    files = {
        "dbt_project.yml": {"name": "small", "version": "1.0.0", "profile": "small"},
        "profiles.yml": {"small": {"target": "dev", "outputs": {"dev": output}}},
    }
    for name, content in files.items():
        (project / name).write_text(yaml.safe_dump(content))
    table = "{{ config(materialized='table') }}"
    two = f"{{% if var('as_of', '') %}} {SLOW} {{% else %}} select 2 as n {{% endif %}}"
    fail = "{% macro fail() %}{{ exceptions.raise_compiler_error('no luck') }}{% endmacro %}"
    (project / "macros").mkdir()
    (project / "models" / "one.sql").write_text(f"{table} select 1 as n")
    (project / "models" / "two.sql").write_text(f"{table} {two}")
    (project / "macros" / "fail.sql").write_text(fail)
    dbt = DbtResource(project=str(project), home=str(home))
    dbt.manifest()
    return dbt


@pytest.fixture
def warehouse(small: DbtResource) -> WarehouseResource:
    return WarehouseResource(database=str(Path(small.home) / "data" / "warehouse" / "sentinel.duckdb"))


def test_a_connection_waits_for_one_of_other_settings_in_this_process(warehouse: WarehouseResource) -> None:
    """DuckDB refuses it, as it does while the last thread of dbt has not let go of the file."""
    warehouse.path.parent.mkdir(parents=True, exist_ok=True)
    other = duckdb.connect(str(warehouse.path), config={"memory_limit": "1GB"})
    closing = threading.Timer(0.5, other.close)
    closing.start()
    with warehouse.get_connection() as connection:
        assert connection.execute("select 1").fetchall() == [(1,)]
    closing.join()


class TestManifest:
    def parses(self, small: DbtResource, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The commands that `manifest` will invoke from now on."""
        commands, invoke = list[str](), DbtResource.invoke

        def watched(self: DbtResource, arguments: list[str]) -> object:
            commands.append(" ".join(arguments))
            return invoke(self, arguments)

        monkeypatch.setattr(DbtResource, "invoke", watched)
        return commands

    def test_an_unchanged_project_is_not_parsed_again(
        self, small: DbtResource, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        commands = self.parses(small, monkeypatch)
        assert set(small.manifest()["nodes"]) == {"model.small.one", "model.small.two"}
        assert commands == []

    def test_a_changed_project_is_parsed_again(self, small: DbtResource, monkeypatch: pytest.MonkeyPatch) -> None:
        commands, model = self.parses(small, monkeypatch), small.folder / "models" / "three.sql"
        model.write_text("select 3 as n")
        assert "model.small.three" in small.manifest()["nodes"]
        model.unlink()
        assert "model.small.three" not in small.manifest()["nodes"]
        assert commands == ["parse", "parse"]

    @pytest.mark.parametrize("name", ["manifest.json", "partial_parse.msgpack", "parsed_from"])
    def test_a_torn_file_is_made_again(self, small: DbtResource, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        commands, file = self.parses(small, monkeypatch), small.parse_folder / name
        file.write_bytes(file.read_bytes()[:100])
        assert set(small.manifest()["nodes"]) == {"model.small.one", "model.small.two"}
        assert commands == ["parse"]

    def test_what_cannot_be_parsed_is_an_error_until_it_is_fixed(self, small: DbtResource) -> None:
        model = small.folder / "models" / "broken.sql"
        model.write_text("select {{ nothing( }}")
        for _ in range(2):
            with pytest.raises(DbtError, match=r"dbt parse could not run: .*broken"):
                small.manifest()
        model.unlink()
        assert small.manifest()


class TestInvoke:
    def test_a_failed_macro_is_an_error_with_its_words(self, small: DbtResource) -> None:
        """Its result would only say that it failed, not why."""
        with pytest.raises(DbtError, match=r"dbt run-operation fail failed: (.|\n)*no luck"):
            small.invoke(["run-operation", "fail"])

    def test_a_failed_model_is_in_the_result(self, small: DbtResource) -> None:
        model = small.folder / "models" / "one.sql"
        text = model.read_text()
        model.write_text(text.replace("1 as n", "no_such_column as n"))
        small.manifest()
        outcome = small.invoke(["run", "--select", "one"])
        model.write_text(text)
        small.manifest()
        (result,) = outcome.result.results
        assert result.status == "error"
        assert "no_such_column" in result.message

    def test_the_file_is_closed_after_a_command(self, small: DbtResource, warehouse: WarehouseResource) -> None:
        small.invoke(["run", "--select", "one"])
        code = f"import duckdb; print(duckdb.connect({str(warehouse.path)!r}).execute('select n from one').fetchall())"
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert other.stdout == "[(1,)]\n"


class TestStream:
    def test_only_wanted_events_come_and_the_outcome_at_the_end(self, small: DbtResource) -> None:
        invocation = small.start(["run"], {"LogModelResult"})
        names = [(event.info.name, event.data.node_info.node_name) for event in invocation.stream()]
        assert names == [("LogModelResult", "one"), ("LogModelResult", "two")]
        assert invocation.outcome.success

    def test_dbt_waits_while_the_caller_works_on_an_event(self, small: DbtResource) -> None:
        """So what a caller reads of the warehouse's record is of that event, not of a later one."""
        invocation = small.start(["run"], {"LogStartLine", "LogModelResult"})
        seen = []
        for event in invocation.stream():
            time.sleep(0.2)
            seen.append((event.info.name, invocation._events.qsize()))
        assert [name for name, _ in seen] == ["LogStartLine", "LogModelResult"] * 2
        assert {waiting for _, waiting in seen[:-1]} == {0}

    def test_an_error_reaches_the_caller(self, small: DbtResource) -> None:
        invocation = small.start(["run", "--select", "one", "--no-such-option"], set())
        with pytest.raises(DbtError, match="no-such-option"):
            list(invocation.stream())

    def test_a_caller_that_stops_listening_stops_dbt(self, small: DbtResource, warehouse: WarehouseResource) -> None:
        """Its query would take hours; the rows it was to replace stay, and the file is free again."""
        small.invoke(["run"])
        slow = small.model_copy(update={"as_of": "2026-03-08"})
        stream = slow.start(["run", "--select", "two"], {"LogStartLine"}).stream()
        next(stream)
        started = time.monotonic()
        stream.close()
        assert time.monotonic() - started < 30
        with warehouse.get_connection() as connection:
            assert connection.execute("select n from two").fetchall() == [(2,)]


class TestWarehouse:
    def test_the_first_connection_of_a_home_makes_the_file_and_its_folder(self, tmp_path: Path) -> None:
        database = tmp_path / "data" / "warehouse" / "sentinel.duckdb"
        with WarehouseResource(database=str(database)).get_connection() as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        assert database.exists()

    def test_a_connection_is_closed_after_an_exception_too(self, warehouse: WarehouseResource) -> None:
        with pytest.raises(ValueError, match="ours") as caught, warehouse.get_connection():
            raise ValueError("ours")
        duckdb.connect(str(warehouse.path), read_only=True).close()  # fails beside an open one that may write
        assert caught.tb

    def test_a_transaction_is_kept_whole_or_not_at_all(self, warehouse: WarehouseResource) -> None:
        with warehouse.transaction() as connection:
            connection.execute("create or replace table t as select 1 as n")
        with pytest.raises(duckdb.Error, match="nowhere"), warehouse.transaction() as connection:
            connection.execute("insert into t values (2); insert into nowhere values (3)")
        with warehouse.get_connection() as connection:
            assert connection.execute("select * from t").fetchall() == [(1,)]

    def test_times_are_utc(self, warehouse: WarehouseResource) -> None:
        with warehouse.transaction() as connection:
            assert connection.execute("select current_setting('timezone')").fetchone() == ("UTC",)

    def test_it_waits_for_another_process_that_writes(self, warehouse: WarehouseResource) -> None:
        code = f"import duckdb, time; c = duckdb.connect({str(warehouse.path)!r}); print('open', flush=True); time.sleep(2)"
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout
            assert writer.stdout.readline() == "open\n"
            with warehouse.get_connection() as connection:
                assert connection.execute("select 1").fetchone() == (1,)
            assert writer.wait() == 0
