"""Contract files that cannot be used are refused with a message that names the file and the mend."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from sentinel_orchestration.contracts import ContractError, load_contracts
from sentinel_orchestration.contracts.loader import CONTRACTS_DIR

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Loads shipped contracts, each edited by a function of its parsed document."""

    def write_and_load(**edits: Edit) -> dict[str, Any]:
        for feed, edit in edits.items():
            document = deepcopy(yaml.safe_load((CONTRACTS_DIR / f"{feed}.odcs.yaml").read_text(encoding="utf-8")))
            edit(document)
            (tmp_path / f"{feed}.odcs.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        return load_contracts(tmp_path)

    return write_and_load


def unchanged(document: dict[str, Any]) -> None:
    """The contract as shipped."""


def properties(document: dict[str, Any]) -> list[dict[str, Any]]:
    return document["schema"][0]["properties"]


def on_column(name: str, **values: object) -> Edit:
    """Sets fields of one property."""
    return lambda document: next(p for p in properties(document) if p["name"] == name).update(values)


def test_an_edited_copy_loads(load: Callable[..., dict[str, Any]]) -> None:
    assert list(load(sites=unchanged, towers=unchanged)) == ["sites", "towers"]


def test_a_changed_file_has_another_digest(load: Callable[..., dict[str, Any]]) -> None:
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
        (on_column("lat", logicalType="array"), "'lat' needs a logicalType out of string, integer"),
        (on_column("lat", logicalType="decimal128"), "'lat' needs a logicalType out of string, integer"),
        (on_column("site_id", primaryKey=False), "no property has primaryKey: true"),
        (lambda d: properties(d).append(deepcopy(properties(d)[1])), "site_name is listed twice"),
        (on_column("lat", partitioned=True), "exactly one timestamp, the event time"),
        (
            on_column("lat", logicalTypeOptions={"exclusiveMinimum": -90}),
            "lat has exclusiveMinimum; the gate knows mini",
        ),
        (on_column("lat", logicalTypeOptions={"pattern": "1"}), "lat has pattern; the gate knows minimum, maximum on"),
        (on_column("lat", enum=[{"value": 1}]), "lat has enum; the gate knows minimum, maximum on a number"),
        (on_column("commissioned_date", logicalTypeOptions={"minimum": "2020"}), "the gate knows no limits on a date"),
        (on_column("lat", logicalTypeOptions={"minimum": "low"}), "lat.*minimum.*must be a number"),
        (lambda d: d["customProperties"][0].update(value="few"), "maxQuarantineShare must be a number"),
        (
            lambda d: d["schema"][0].update(quality=[{"name": "odd", "type": "sql", "query": "select 1"}]),
            "'odd' needs a name and a polars-sql implementation",
        ),
    ],
)
def test_a_broken_rule_is_named(load: Callable[..., dict[str, Any]], edit: Edit, message: str) -> None:
    with pytest.raises(ContractError, match=message) as caught:
        load(sites=edit)
    assert "sites.odcs.yaml" in str(caught.value)


@pytest.mark.parametrize("text", ["{ not yaml", "just words", "- a\n- list\n", "", "\xff\xfe", "name: sites\n"])
def test_a_file_that_is_no_contract_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "sites.odcs.yaml").write_bytes(text.encode("latin-1"))
    with pytest.raises(ContractError, match=r"sites\.odcs\.yaml"):
        load_contracts(tmp_path)


def test_a_folder_without_contracts_says_so(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"no \*\.odcs\.yaml file found"):
        load_contracts(tmp_path)


def test_two_partitioned_columns_are_refused(load: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(ContractError, match=r"alert_pipeline\.odcs\.yaml: partitioned must stand on exactly one"):
        load(alert_pipeline=on_column("resolved_ts", partitioned=True))


@pytest.mark.parametrize("target", ["nowhere.site_id", "sites.nothing", "sites"])
def test_a_dangling_reference_is_refused(load: Callable[..., dict[str, Any]], target: str) -> None:
    dangling = on_column("site_id", relationships=[{"type": "foreignKey", "to": target}])
    with pytest.raises(ContractError, match=rf"towers\.odcs\.yaml: site_id refers to {target}.*no contract has"):
        load(sites=unchanged, towers=dangling)


def test_references_that_lead_back_are_refused(load: Callable[..., dict[str, Any]]) -> None:
    back = on_column("site_id", relationships=[{"type": "foreignKey", "to": "towers.site_id"}])
    with pytest.raises(ContractError, match=r"lead back to itself .sites → towers → sites"):
        load(sites=back, towers=unchanged)


def test_a_freshness_limit_that_is_no_number_is_refused(load: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(ContractError, match=r"telemetry\.odcs\.yaml: freshnessWarn must be a number of hours"):
        load(telemetry=lambda d: d["slaProperties"][0].update(value="soon"))
