"""The file slos.yaml: the one that Sentinel comes with, one of the home's own, and what a wrong one says."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentinel_orchestration.definitions import build_definitions
from sentinel_orchestration.layout import Layout
from sentinel_orchestration.observe.objectives import SHIPPED, ObjectivesError, read_objectives
from sentinel_orchestration.settings import PROJECT_DIR, Settings

SLO = "{name: a, description: b, measures: success, objective: 0.9}"


def test_the_file_that_sentinel_comes_with_promises_something_of_what_there_is(tmp_path: Path) -> None:
    shipped = read_objectives(tmp_path / "slos.yaml")
    assert {slo.measures for slo in shipped.slos} >= {"freshness", "success", "run_duration", "quarantine", "alert"}
    assert {rule.measures for rule in shipped.anomalies} == {"rows", "duration", "figure"}
    definitions = build_definitions(Settings(home=tmp_path))
    graph, jobs = definitions.resolve_asset_graph(), {job.name for job in definitions.resolve_all_job_defs()}
    owners = {owner for key in graph.get_all_asset_keys() for owner in graph.get(key).owners}
    for slo in shipped.slos:
        assert f"team:{slo.owner}" in owners
        assert not slo.of.startswith("build") or any(Path(job).match(slo.of) for job in jobs)


def test_each_of_them_is_in_the_documentation(tmp_path: Path) -> None:
    text = (PROJECT_DIR / "docs" / "operate.md").read_text(encoding="utf-8")
    for slo in read_objectives(tmp_path / "slos.yaml").slos:
        row = next(line for line in text.splitlines() if line.startswith(f"| `{slo.name}`"))
        assert f"{slo.objective * 100:g}%" in row
        assert f"| {slo.min_events} |" in row


def test_a_file_of_the_home_replaces_it(tmp_path: Path) -> None:
    path = Layout(tmp_path).slos
    path.write_text(f"slos: [{SLO}]")
    found = read_objectives(path)
    assert [slo.name for slo in found.slos] == ["a"]
    assert found.anomalies == ()
    path.write_text("# nothing is promised")
    assert read_objectives(path).slos == ()
    path.write_text(SHIPPED.read_text(encoding="utf-8"))
    assert read_objectives(path) == read_objectives(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("slos: [", "is not YAML: "),
        ("- a", "the file: Input should be a valid dictionary"),
        ("slos: [{name: a, description: b, measures: success}]", "slos.1.objective: Field required."),
        (f"slos: [{SLO.replace('0.9', '95')}]", "slos.1.objective: Input should be less than 1."),
        (f"slos: [{SLO.replace('success', 'luck')}]", "slos.1.measures: Input should be 'freshness', "),
        (f"slos: [{SLO}, {SLO}]", "the file: two SLOs are called a. Rename one."),
        (f"slos: [{SLO.replace('success', 'alert')}]", "slos.1: alert needs a limit_sec. Add it."),
        (f"slos: [{SLO.replace('}', ', limit_sec: 3}')}]", "slos.1: success has no limit_sec. Remove it."),
        ("slos: [{name: a, description: b, measures: freshness, objective: 0.9, limit_sec: 3}]",
         "slos.1: freshness has no limit_sec. Use limit_hours, or remove it."),
        ("anomalies: [{measures: rows}]", "anomalies.1.floor: Field required."),
        ("anomalies: [{measures: rows, floor: 0}]", "anomalies.1.floor: Input should be greater than 0."),
        ("anomalies: [{measures: rows, floor: 1, direction: sideways}]", "anomalies.1.direction: Input should be 'up'"),
    ],
)  # fmt: skip
def test_a_wrong_file_names_the_entry_and_the_rule(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "slos.yaml"
    path.write_text(text)
    with pytest.raises(ObjectivesError) as refused:
        read_objectives(path)
    assert str(refused.value).startswith(str(path))
    assert said in str(refused.value)
