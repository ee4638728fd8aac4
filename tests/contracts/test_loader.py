"""Contract files that cannot be used are refused with a message that names the file and the fix."""

import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from sentinel_orchestration.contracts import Contract, ContractError, load_contracts
from sentinel_orchestration.contracts.loader import CONTRACTS_DIR

Edit = Callable[[dict[str, Any]], object]
Load = Callable[..., dict[str, Contract]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads shipped contracts from their domain's folder in tmp_path, each edited by a function of its document."""

    def write_and_load(**edits: Edit) -> dict[str, Contract]:
        for feed, edit in edits.items():
            (shipped,) = CONTRACTS_DIR.glob(f"*/{feed}.odcs.yaml")
            document = yaml.safe_load(shipped.read_text(encoding="utf-8"))
            edit(document)
            copy = tmp_path / shipped.relative_to(CONTRACTS_DIR)
            copy.parent.mkdir(exist_ok=True)
            copy.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        return load_contracts(tmp_path)

    return write_and_load


def unchanged(document: dict[str, Any]) -> None:
    """The contract as shipped."""


def properties(document: dict[str, Any]) -> list[dict[str, Any]]:
    return document["schema"][0]["properties"]


def on_column(name: str, **values: object) -> Edit:
    """Sets fields of one property."""
    return lambda document: next(p for p in properties(document) if p["name"] == name).update(values)


def test_an_edited_copy_loads(load: Load) -> None:
    assert list(load(sites=unchanged, towers=unchanged)) == ["sites", "towers"]


@pytest.mark.parametrize(
    ("classification", "is_personal"),
    [(None, False), ("public", False), (" Internal", False), ("personal", True), ("PII", True), ("top secret", True)],
)
def test_a_column_is_personal_unless_its_classification_lets_anybody_see_it(
    load: Load, classification: str | None, is_personal: bool
) -> None:
    contract = load(sites=on_column("site_name", classification=classification))["sites"]
    assert contract.personal == ({"site_name"} if is_personal else set())


def test_a_changed_file_has_another_digest(load: Load) -> None:
    changed = load(sites=on_column("lat", description="North or south."))
    assert changed["sites"].digest != load_contracts()["sites"].digest


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda d: d["schema"][0].update(name="places"), "must have exactly one schema, named sites"),
        (lambda d: d["schema"].append(deepcopy(d["schema"][0])), "must have exactly one schema"),
        (lambda d: d.pop("schema"), "must have exactly one schema"),
        (lambda d: d.pop("version"), "version"),
        (lambda d: d.pop("domain"), "domain and version must be set"),
        (on_column("lat", logicalType="array"), "'lat' needs a logicalType: one of string, integer"),
        (on_column("lat", logicalType="decimal128"), "'lat' needs a logicalType: one of string, integer"),
        (on_column("site_id", primaryKey=False), "no property has primaryKey: true"),
        (lambda d: properties(d).append(deepcopy(properties(d)[1])), "site_name is listed twice"),
        (on_column("lat", partitioned=True), "marks the event time, so exactly one timestamp"),
        (
            on_column("lat", logicalTypeOptions={"exclusiveMinimum": -90}),
            "lat has exclusiveMinimum, but the gate checks mini",
        ),
        (
            on_column("lat", logicalTypeOptions={"pattern": "1"}),
            "lat has pattern, but the gate checks minimum, maximum on",
        ),
        (on_column("lat", enum=[{"value": 1}]), "lat has enum, but the gate checks minimum, maximum on a number"),
        (on_column("commissioned_date", logicalTypeOptions={"minimum": "2020"}), "the gate checks no limits on a date"),
        (on_column("lat", logicalTypeOptions={"minimum": "low"}), "lat.*minimum.*must be a number"),
        (lambda d: d["customProperties"][0].update(value="few"), "maxQuarantineShare must be a number from 0 to 1"),
        (lambda d: d["customProperties"][0].update(value=2), "maxQuarantineShare must be a number from 0 to 1, not 2"),
        (lambda d: d.update(domain="detections"), "its domain is detections, but it is in the folder fleet. Change"),
        (
            on_column("region", customProperties=[{"property": "history", "value": "yes"}]),
            "region: history must be true or false, not 'yes'",
        ),
        (
            on_column("region", customProperties=[{"property": "version", "value": 1}]),
            "region: version must be true or false, not 1",
        ),
        (
            on_column("region", customProperties=[{"property": "optional", "value": True}]),
            "region is both required and optional",
        ),
        (
            lambda d: [
                prop.update(customProperties=[{"property": "version", "value": True}])
                for prop in d["schema"][0]["properties"][:2]
            ],
            "two columns say version: true",
        ),
        (
            lambda d: d["schema"][0].update(quality=[{"name": "odd", "type": "sql", "query": "select 1"}]),
            "'odd' needs a name and a polars-sql implementation",
        ),
    ],
)
def test_a_broken_rule_is_named(load: Load, edit: Edit, message: str) -> None:
    with pytest.raises(ContractError, match=message) as caught:
        load(sites=edit)
    assert str(caught.value).startswith("fleet/sites.odcs.yaml: ")


@pytest.mark.parametrize("text", ["{ not yaml", "just words", "- a\n- list\n", "", "\xff\xfe", "name: sites\n"])
def test_a_file_that_is_no_contract_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet/sites.odcs.yaml").write_bytes(text.encode("latin-1"))
    with pytest.raises(ContractError, match=r"fleet/sites\.odcs\.yaml"):
        load_contracts(tmp_path)


def test_a_folder_without_contracts_says_so(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"no <domain>/\*\.odcs\.yaml file found"):
        load_contracts(tmp_path)


def test_two_partitioned_columns_are_refused(load: Load) -> None:
    with pytest.raises(ContractError, match=r"alert_pipeline\.odcs\.yaml: partitioned .*exactly one"):
        load(alert_pipeline=on_column("resolved_ts", partitioned=True))


@pytest.mark.parametrize("target", ["nowhere.site_id", "sites.nothing", "sites"])
def test_a_dangling_reference_is_refused(load: Load, target: str) -> None:
    dangling = on_column("site_id", relationships=[{"type": "foreignKey", "to": target}])
    with pytest.raises(ContractError, match=rf"towers\.odcs\.yaml: site_id refers to {target}.*no contract has"):
        load(sites=unchanged, towers=dangling)


def test_references_that_lead_back_are_refused(load: Load) -> None:
    back = on_column("site_id", relationships=[{"type": "foreignKey", "to": "towers.site_id"}])
    with pytest.raises(ContractError, match=r"lead back to itself .sites → towers → sites"):
        load(sites=back, towers=unchanged)


def put(tmp_path: Path, place: str, text: str) -> None:
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_text(text, encoding="utf-8")


SITES = (CONTRACTS_DIR / "fleet/sites.odcs.yaml").read_text(encoding="utf-8")


def test_a_feed_has_one_file_in_all_domains(tmp_path: Path) -> None:
    put(tmp_path, "fleet/sites.odcs.yaml", SITES)
    put(tmp_path, "patrol/sites.odcs.yaml", SITES.replace("domain: fleet", "domain: patrol"))
    with pytest.raises(
        ContractError, match=r"fleet/sites\.odcs\.yaml and patrol/sites\.odcs\.yaml: two files for .*sites"
    ):
        load_contracts(tmp_path)


@pytest.mark.parametrize("place", ["sites.odcs.yaml", "fleet/ground/sites.odcs.yaml"])
def test_a_file_outside_of_a_domains_folder_is_refused(tmp_path: Path, place: str) -> None:
    put(tmp_path, place, SITES)
    with pytest.raises(ContractError, match=rf"^{place}: is not in a domain's folder. Move it to "):
        load_contracts(tmp_path)


def with_limits(**limits: object) -> Edit:
    """Replaces the freshness limits: freshnessWarn, freshnessError."""
    levels = [{"property": name, "value": value, "unit": "h"} for name, value in limits.items()]
    return lambda document: document.update(slaProperties=levels)


@pytest.mark.parametrize(
    ("limits", "hours"),
    [
        ({"freshnessWarn": 6, "freshnessError": 24}, (6.0, 24.0)),
        ({"freshnessWarn": 0.5}, (0.5, None)),
        ({"freshnessError": 24}, (None, 24.0)),
        ({}, (None, None)),
    ],
)
def test_freshness_limits_may_come_alone(load: Load, limits: dict[str, float], hours: tuple[float | None, ...]) -> None:
    contract = load(sites=unchanged, towers=unchanged, telemetry=with_limits(**limits))["telemetry"]
    assert (contract.freshness_warn_hours, contract.freshness_error_hours) == hours


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (with_limits(freshnessWarn="soon"), "freshnessWarn must be a number of hours over 0, not 'soon'"),
        (with_limits(freshnessWarn=None), "freshnessWarn must be a number of hours over 0, not None"),
        (with_limits(freshnessError=0), "freshnessError must be a number of hours over 0, not 0"),
        (with_limits(freshnessError=-6), "freshnessError must be a number of hours over 0, not -6"),
        (with_limits(freshnessError=float("nan")), "freshnessError must be a number of hours over 0, not nan"),
        (with_limits(freshnessError=float("inf")), "freshnessError must be a number of hours over 0, not inf"),
        (with_limits(freshnessWarn=24, freshnessError=24), r"freshnessWarn \(24 h\) must be less than freshnessError"),
        (
            with_limits(freshnessWarn=48, freshnessError=24),
            r"freshnessWarn \(48 h\) must be less than freshnessError \(24 h\)",
        ),
        (lambda d: d["slaProperties"][0].update(unit="d"), r"freshnessWarn must be in hours \(unit: h\), not 'd'"),
    ],
)
def test_freshness_limits_that_make_no_sense_are_refused(load: Load, edit: Edit, message: str) -> None:
    with pytest.raises(ContractError, match=rf"^fleet/telemetry\.odcs\.yaml: {message}"):
        load(telemetry=edit)


@pytest.mark.parametrize("name", ["freshnessWarn", "freshnessError"])
def test_a_freshness_limit_needs_an_event_time(load: Load, name: str) -> None:
    with pytest.raises(ContractError, match=r"fleet/sites\.odcs\.yaml: has freshness limits but no event time"):
        load(sites=with_limits(**{name: 6}))


def test_loading_contracts_does_not_import_polars() -> None:
    """`sentinel --help` reads contracts, and Polars alone takes longer than the whole command may."""
    program = "import sys, sentinel_orchestration.contracts as c; c.load_contracts(); print('polars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"


def test_an_event_feed_keeps_no_history(load: Load) -> None:
    with pytest.raises(ContractError, match=r"^fleet/telemetry\.odcs\.yaml: history is for snapshots"):
        load(telemetry=on_column("cpu_pct", customProperties=[{"property": "history", "value": True}]))
