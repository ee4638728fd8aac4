"""The audit refuses what failed, what errored and what never ran; warnings and stale feeds do not block."""

import dagster as dg
import pytest

from sentinel_orchestration.publish.audit import read_outcomes, refusal

MART = dg.AssetKey(["marts", "m"])


def _spec(name, severity="error", blocking=True):
    return dg.AssetCheckSpec(
        name, asset=MART, blocking=blocking, metadata={"kind": "dbt test", "severity": severity, "domain": "fleet"}
    )


def _run(instance, spec, result):
    @dg.multi_asset_check(specs=[spec])
    def check():
        yield result() if callable(result) else result

    outcome = dg.Definitions(asset_checks=[check]).resolve_implicit_global_asset_job_def()
    return outcome.execute_in_process(instance=instance, raise_on_error=False).run_id


def _result(passed, severity=dg.AssetCheckSeverity.ERROR):
    return dg.AssetCheckResult(asset_key=MART, check_name="c", passed=passed, severity=severity, description="3 rows")


def _boom():
    raise RuntimeError("boom")


@pytest.mark.parametrize(
    ("spec", "result", "status", "refused"),
    [
        (_spec("c"), _result(True), "passed", False),
        (_spec("c"), _result(False), "failed", True),
        (_spec("c"), _result(False, dg.AssetCheckSeverity.WARN), "warned", False),
        (_spec("c", blocking=False), _result(False), "failed", False),
        (_spec("c"), _boom, "not run", True),
    ],
)
def test_verdicts(spec, result, status, refused):
    with dg.instance_for_test() as instance:
        run_id = _run(instance, spec, result)
        outcomes = read_outcomes(instance, run_id, [spec])
        assert [outcome.status for outcome in outcomes] == [status]
        assert (refusal(outcomes) is not None) == refused


def test_a_run_that_only_planned_the_check_since_does_not_hide_this_runs_outcome():
    with dg.instance_for_test() as instance:
        run_id = _run(instance, _spec("c"), _result(True))
        _run(instance, _spec("c"), _boom)
        assert [outcome.status for outcome in read_outcomes(instance, run_id, [_spec("c")])] == ["passed"]


def test_a_check_on_a_model_counts_only_from_this_run():
    with dg.instance_for_test() as instance:
        _run(instance, _spec("c"), _result(True))
        outcomes = read_outcomes(instance, "another-run", [_spec("c")])
        assert outcomes[0].status == "not run"
        assert "marts/m c: not run" in refusal(outcomes)
