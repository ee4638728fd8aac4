"""The audit looks at state: a check counts only for the rows or the code it judged, whichever run asked for it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import dagster as dg
import pytest

from sentinel_orchestration.lake.checks import VERSION
from sentinel_orchestration.publish.audit import CheckOutcome, Versions, read_outcomes, refusal
from sentinel_orchestration.warehouse.state import ModelState

MART = dg.AssetKey(["marts", "m"])
BRONZE = dg.AssetKey(["bronze", "f"])
NOW = Versions(rows={MART: "rows now"}, code={MART: "code now"})
BUILD = ModelState("m", "code now", "rows now", 3, None)
WARN = dg.AssetCheckSeverity.WARN


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def spec_of(
    asset: dg.AssetKey = MART, kind: str = "dbt test", severity: str = "error", blocking: bool = True
) -> dg.AssetCheckSpec:
    about = {"kind": kind, "severity": severity, "domain": "fleet"}
    return dg.AssetCheckSpec("c", asset=asset, blocking=blocking, metadata=about)


def result_of(
    version: str | None = "rows now",
    passed: bool = True,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
    asset: dg.AssetKey = MART,
) -> dg.AssetCheckResult:
    about = {VERSION: version} if version else {}
    description = None if passed else "3 rows break it."
    return dg.AssetCheckResult(
        asset_key=asset, check_name="c", passed=passed, severity=severity, description=description, metadata=about
    )


def boom() -> dg.AssetCheckResult:
    raise RuntimeError("boom")


def run(
    instance: dg.DagsterInstance,
    result: dg.AssetCheckResult | Callable[[], dg.AssetCheckResult],
    spec: dg.AssetCheckSpec | None = None,
) -> None:
    """Runs the check as a step that gives `result`, in a run of its own."""

    @dg.multi_asset_check(specs=[spec or spec_of()])
    def check() -> Iterator[dg.AssetCheckResult]:
        yield result() if callable(result) else result

    job = dg.Definitions(asset_checks=[check]).resolve_implicit_global_asset_job_def()
    job.execute_in_process(instance=instance, raise_on_error=False)


def outcome_of(
    instance: dg.DagsterInstance, spec: dg.AssetCheckSpec | None = None, versions: Versions = NOW
) -> CheckOutcome:
    (outcome,) = read_outcomes(instance, [spec or spec_of()], versions)
    return outcome


def refused(outcome: CheckOutcome) -> str | None:
    return refusal({"m": BUILD}, [outcome], {"m": MART})


@pytest.mark.parametrize(
    ("spec", "result", "status", "is_refused"),
    [
        (spec_of(), result_of(), "passed", False),
        (spec_of(), result_of(passed=False), "failed", True),
        (spec_of(), result_of(passed=False, severity=WARN), "warned", False),
        (spec_of(severity="warn", blocking=False), result_of(passed=False, severity=WARN), "warned", False),
        (spec_of(blocking=False), result_of(passed=False), "failed", False),
        (spec_of(), boom, "not run", True),
        (spec_of(severity="warn"), boom, "not run", False),
        (spec_of(blocking=False), boom, "not run", False),
    ],
)
def test_what_forbids_a_release(instance, spec, result, status, is_refused):
    run(instance, result, spec)
    outcome = outcome_of(instance, spec)
    assert outcome.status == status
    assert (refused(outcome) is not None) == is_refused


def test_a_check_that_was_never_asked_for_is_not_run(instance):
    assert outcome_of(instance).status == "not run"


def test_a_result_counts_only_for_the_rows_that_are_there_now(instance):
    run(instance, result_of("rows before"))
    outcome = outcome_of(instance)
    assert (outcome.status, outcome.detail, outcome.metadata) == ("not run", "", {})
    assert "1 check has no result on the rows that are there now: marts/m c." in refused(outcome)
    run(instance, result_of("rows now"))
    assert outcome_of(instance).status == "passed"


def test_a_failure_on_other_rows_is_no_failure_of_these(instance):
    run(instance, result_of("rows before", passed=False))
    assert outcome_of(instance).status == "not run"


def test_the_latest_result_on_these_rows_counts(instance):
    run(instance, result_of(passed=True))
    run(instance, result_of(passed=False))
    outcome = outcome_of(instance)
    assert (outcome.status, outcome.detail) == ("failed", "3 rows break it.")
    assert "marts/m c: failed. 3 rows break it." in refused(outcome)


def test_a_later_run_that_never_came_to_the_check_does_not_hide_an_earlier_result(instance):
    run(instance, result_of())
    for _ in range(2):
        run(instance, boom)
    assert outcome_of(instance).status == "passed"


def test_a_unit_test_is_judged_by_code_whatever_the_rows(instance):
    unit_test = spec_of(kind="dbt unit test")
    run(instance, result_of("code before"), unit_test)
    assert outcome_of(instance, unit_test).status == "not run"
    run(instance, result_of("code now"), unit_test)
    assert outcome_of(instance, unit_test).status == "passed"
    other_rows = replace(NOW, rows={MART: "rows later"})
    assert outcome_of(instance, unit_test, other_rows).status == "passed"


def test_any_latest_result_counts_on_bronze_which_only_grows(instance):
    bronze = spec_of(asset=BRONZE, kind="gate")
    run(instance, result_of(version=None, asset=BRONZE), bronze)
    assert outcome_of(instance, bronze).status == "passed"


def test_a_table_that_is_out_of_date_is_named_with_what_to_materialize(instance):
    run(instance, result_of())
    outcomes = [outcome_of(instance)]
    builds = {"m": BUILD, "n": replace(BUILD, model="n", stale="was built from other rows of telemetry")}
    text = refusal(builds, outcomes, {"m": MART, "n": dg.AssetKey(["reports", "n"])})
    assert text.splitlines() == [
        "Nothing was released; the last good release stays.",
        "reports/n was built from other rows of telemetry.",
        "Materialize reports/n.",
    ]


def test_many_checks_without_a_result_are_counted_and_the_first_are_named():
    outcome = CheckOutcome(MART, "", "dbt test", "fleet", "error", True, "not run", "", "")
    outcomes = [replace(outcome, name=f"c{number:02}") for number in range(25)]
    text = refusal({}, outcomes, {})
    assert "25 checks have no result" in text
    assert "marts/m c19 and 5 more. Run them, or materialize their assets." in text


class TestACheckOfAnAdopter:
    """As docs/extend.md shows it: a Dagster asset check that knows nothing of Sentinel's metadata."""

    VERSION = "0123456789abcdef0123456789abcdef"  # pragma: allowlist secret

    @pytest.fixture
    def check(self) -> dg.AssetChecksDefinition:
        @dg.asset_check(asset=MART, blocking=True)
        def adopters_check() -> dg.AssetCheckResult:
            return dg.AssetCheckResult(passed=True)

        return adopters_check

    def materialize(self, instance: dg.DagsterInstance, version: str, checks: list[dg.AssetChecksDefinition]) -> None:
        @dg.asset(key=MART)
        def table() -> dg.MaterializeResult:
            return dg.MaterializeResult(data_version=dg.DataVersion(version[:16]))

        job = dg.Definitions(assets=[table], asset_checks=checks).resolve_implicit_global_asset_job_def()
        assert job.execute_in_process(instance=instance).success

    def outcome(self, instance: dg.DagsterInstance, check: dg.AssetChecksDefinition) -> CheckOutcome:
        (outcome,) = read_outcomes(instance, check.check_specs, Versions({MART: self.VERSION}, {}))
        return outcome

    def test_it_counts_on_the_materialization_it_was_given(self, instance, check):
        self.materialize(instance, self.VERSION, [check])
        outcome = self.outcome(instance, check)
        assert (outcome.status, outcome.kind, outcome.domain, outcome.severity) == (
            "passed",
            "asset check",
            "",
            "error",
        )
        assert refused(outcome) is None

    def test_it_does_not_count_on_another(self, instance, check):
        self.materialize(instance, "fedcba9876543210", [check])  # pragma: allowlist secret
        self.materialize(instance, self.VERSION, [])
        assert self.outcome(instance, check).status == "not run"

    def test_it_does_not_count_without_one(self, instance, check):
        job = dg.Definitions(asset_checks=[check]).resolve_implicit_global_asset_job_def()
        assert job.execute_in_process(instance=instance).success
        assert self.outcome(instance, check).status == "not run"
