"""alerts.yaml: which problems go where, and one clear error for a file that cannot be meant so."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Any

import pytest

from sentinel_orchestration.automation.alerts.kinds import KINDS
from sentinel_orchestration.automation.alerts.routes import Route, read_routes
from sentinel_orchestration.settings import PROJECT_DIR, SettingsError
from tests.automation.alerts.made import incident


def test_without_a_file_there_is_no_route(tmp_path: Path) -> None:
    assert read_routes(tmp_path / "alerts.yaml") == ()


def test_the_example_can_be_used_as_it_is() -> None:
    routes = read_routes(PROJECT_DIR / "alerts.example.yaml")
    assert [route.name for route in routes] == ["on-call", "data-platform", "detections"]
    assert [route.digest for route in routes] == [None, time(7, 30), None]
    assert {route.severity for route in routes} == {"error", "warn"}


@pytest.mark.parametrize(
    ("route", "about", "takes"),
    [
        ({}, {"severity": "warn"}, True),
        ({"severity": "error"}, {"severity": "warn"}, False),
        ({"severity": "error"}, {}, True),
        ({"owners": ["fleet-ops"]}, {}, True),
        ({"owners": ["data-platform"]}, {}, False),
        ({"domains": ["detections"]}, {}, False),
        ({"domains": ["detections"]}, {"domain": None}, True),
        ({"kinds": ["stale-source"]}, {}, False),
        ({"kinds": ["stale-source"]}, {"check_name": "freshness"}, True),
        ({"kinds": ["quarantine-over-limit"]}, {"check_name": "quarantine_rate"}, True),
        ({"kinds": ["run-killed"]}, {"kind": "run", "subject": "build"}, True),
        ({"kinds": ["tick-failed"]}, {"kind": "tick-failed", "subject": "inbox"}, True),
    ],
)
def test_what_goes_where(route: dict[str, Any], about: dict[str, Any], takes: bool) -> None:
    assert Route(name="r", url="R", **route).takes(incident(**about)) == takes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("routes: [", "is not YAML"),
        ("routes: 5", "routes: Input should be a valid"),
        ("route: []", "route: Extra inputs are not permitted"),
        ("routes: [{name: a}]", "routes.0.url: Field required"),
        (
            "routes: [{name: a, url: 'slack://tok-secret/x'}]",
            "routes.0.url: name the environment variable that holds the URL",
        ),
        ("routes: [{name: a, url: A, severity: fatal}]", "routes.0.severity: Input should be 'warn' or 'error'"),
        ("routes: [{name: a, url: A, digest: 10:30}]", 'routes.0.digest: write a time of day in quotes, "07:30"'),
        ("routes: [{name: a, url: A, digest: '25:00'}]", "routes.0.digest: write a time of day"),
        ("routes: [{name: a, url: A, repeat_hours: 0}]", "routes.0.repeat_hours: Input should be greater than 0"),
        ("routes: [{name: a, url: A}, {name: a, url: B}]", "two routes are called a. Rename one."),
        (
            "routes: [{name: a, url: A, kinds: [stale-sources]}]",
            "route a: stale-sources is none of the kinds. Did you mean stale-source?",
        ),
        (
            "routes: [{name: a, url: A, domains: [kitchen]}]",
            "kitchen is none of the domains. Use some of detections, fleet.",
        ),
        ("routes: [{name: a, url: A, owners: [nobody]}]", "nobody is none of the owners. Use some of"),
    ],
)
def test_a_file_that_cannot_be_meant_so_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "alerts.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_routes(path)
    assert str(caught.value).startswith(f"{path}")
    assert said in str(caught.value)
    assert "tok-secret" not in str(caught.value)


def test_each_kind_has_a_runbook_and_each_runbook_a_kind() -> None:
    folder = PROJECT_DIR / "docs" / "runbooks"
    assert {path.stem for path in folder.glob("*.md")} == {*KINDS, "README"}
    for kind in KINDS:
        text = (folder / f"{kind}.md").read_text(encoding="utf-8")
        headings = [line for line in text.splitlines() if line.startswith("## ")]
        assert headings == ["## What it means", "## How to look", "## What to do", "## How it closes"], kind
        assert f"({kind}.md)" in (folder / "README.md").read_text(encoding="utf-8")
