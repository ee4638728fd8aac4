"""A webserver and a daemon on a home of their own, driven through GraphQL with the requests that Dagster's UI sends."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.settings import PROJECT_DIR, Settings
from tests.ports import free_port
from tests.slim_project import VARIABLE

LOCATION, REPOSITORY, ASSET_JOB = "tests.automation.served", "__repository__", "__ASSET_JOB"
FINISHED = {"SUCCESS", "FAILURE", "CANCELED"}
LAUNCH_RUN = """
mutation LaunchRun($executionParams: ExecutionParams!) {
  launchRun(executionParams: $executionParams) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on InvalidSubsetError { message }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on PipelineNotFoundError { message }
  }
}"""
LAUNCH_BACKFILL = """
mutation LaunchBackfill($backfillParams: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $backfillParams) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}"""
BACKFILL = """
query Backfill($id: String!) {
  partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status runs { runId status } error { message } } }
}"""
RUN = "query Run($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
ASSETS = "query Assets { assetNodes { assetKey { path } isPartitioned } }"
START_SCHEDULE = """
mutation Start($selector: ScheduleSelector!) {
  startSchedule(scheduleSelector: $selector) { __typename ... on PythonError { message } }
}"""
START_SENSOR = """
mutation Start($selector: SensorSelector!) {
  startSensor(sensorSelector: $selector) { __typename ... on PythonError { message } }
}"""
TEST_SCHEDULE = """
mutation Test($selector: ScheduleSelector!, $timestamp: Float!) {
  scheduleDryRun(selectorData: $selector, timestamp: $timestamp) {
    __typename
    ... on DryRunInstigationTick {
      evaluationResult { error { message } runRequests { jobName tags { key value } } }
    }
    ... on PythonError { message }
  }
}"""


@dataclass(frozen=True)
class Ui:
    """A running webserver and daemon, and the home they serve."""

    settings: Settings
    port: int
    location: str = LOCATION

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data that a GraphQL request gives; fails where it gives errors."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer
        return answer["data"]

    def assets(self) -> dict[str, dict[str, Any]]:
        """Every asset by its key, `layer/name`."""
        return {"/".join(node["assetKey"]["path"]): node for node in self.ask(ASSETS)["assetNodes"]}

    def launch(
        self,
        job: str = ASSET_JOB,
        assets: Sequence[str] = (),
        checks: Sequence[tuple[str, str]] | None = None,
        tags: dict[str, str] | None = None,
    ) -> str:
        """Starts a run as the launchpad or the button 'Materialize' does, and gives its id.

        `checks` None: those of the assets, as the button has it.
        """
        selector: dict[str, Any] = {
            "repositoryLocationName": self.location,
            "repositoryName": REPOSITORY,
            "pipelineName": job,
        }
        if job == ASSET_JOB:
            selector["assetSelection"] = [{"path": asset.split("/")} for asset in assets]
            if checks is not None:
                selector["assetCheckSelection"] = [
                    {"assetKey": {"path": asset.split("/")}, "name": name} for asset, name in checks
                ]
        metadata = {"tags": [{"key": key, "value": value} for key, value in (tags or {}).items()]}
        parameters = {"selector": selector, "mode": "default", "runConfigData": {}, "executionMetadata": metadata}
        answer = self.ask(LAUNCH_RUN, executionParams=parameters)["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return answer["run"]["runId"]

    def backfill(self, assets: Sequence[str], days: Sequence[str]) -> str:
        """Starts a backfill of `assets` over `days`, as 'Materialize all' does, and gives its id."""
        parameters = {
            "assetSelection": [{"path": asset.split("/")} for asset in assets],
            "partitionNames": list(days),
            "fromFailure": False,
        }
        answer = self.ask(LAUNCH_BACKFILL, backfillParams=parameters)["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        return answer["backfillId"]

    def wait(self, run_id: str, seconds: float = 180) -> str:
        """The status of the run once it has ended; its errors are printed."""
        return self._wait(lambda: self.ask(RUN, id=run_id)["runOrError"]["status"], FINISHED, seconds, run_id)

    def wait_for_backfill(self, backfill_id: str, seconds: float = 300) -> dict[str, Any]:
        """The backfill once it has ended."""
        found: dict[str, Any] = {}

        def look() -> str:
            found.update(self.ask(BACKFILL, id=backfill_id)["partitionBackfillOrError"])
            return found["status"]

        self._wait(look, {"COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED"}, seconds, None)
        for run in found["runs"]:
            if run["status"] != "SUCCESS":
                print(self.errors(run["runId"]))
        return found

    def start_schedule(self, name: str) -> None:
        """Turns a schedule on."""
        answer = self.ask(START_SCHEDULE, selector=self._schedule(name))["startSchedule"]
        assert answer["__typename"] == "ScheduleStateResult", answer

    def start_sensor(self, name: str) -> None:
        """Turns a sensor on."""
        selector = {"repositoryLocationName": self.location, "repositoryName": REPOSITORY, "sensorName": name}
        answer = self.ask(START_SENSOR, selector=selector)["startSensor"]
        assert answer["__typename"] == "Sensor", answer

    def test_schedule(self, name: str, at: datetime) -> list[dict[str, Any]]:
        """The runs that a schedule would ask for at that moment (UTC), as 'Test schedule' shows them."""
        moment = at.replace(tzinfo=UTC).timestamp()
        answer = self.ask(TEST_SCHEDULE, selector=self._schedule(name), timestamp=moment)["scheduleDryRun"]
        assert answer["__typename"] == "DryRunInstigationTick", answer
        result = answer["evaluationResult"]
        assert result["error"] is None, result
        return result["runRequests"]

    def errors(self, run_id: str) -> str:
        """What the steps of a run failed with."""
        with open_instance(self.settings) as instance:
            texts = []
            for entry in instance.all_logs(run_id):
                event = entry.dagster_event
                if event and (event.is_step_failure or event.is_run_failure):
                    error = getattr(event.event_specific_data, "error", None)
                    user = getattr(event.event_specific_data, "user_failure_data", None)
                    texts.append(
                        f"{event.step_key}: {user.description if user else ''} {error.to_string() if error else event.message}"
                    )
        return "\n".join(texts)

    def _wait(self, look: Any, ends: set[str], seconds: float, run_id: str | None) -> str:
        deadline = time.monotonic() + seconds
        while (status := look()) not in ends:
            assert time.monotonic() < deadline, f"still {status}"
            time.sleep(0.5)
        if status == "FAILURE" and run_id:
            print(self.errors(run_id))
        return status

    def _schedule(self, name: str) -> dict[str, str]:
        return {"repositoryLocationName": self.location, "repositoryName": REPOSITORY, "scheduleName": name}


def environment(settings: Settings) -> dict[str, str]:
    """The variables under which a process of its own has these settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SENTINEL_", "DAGSTER_"))}
    values = settings.model_dump(mode="json", exclude_none=True)
    ours = {f"SENTINEL_{name.upper()}": str(value) for name, value in values.items()}
    return kept | ours | {"DAGSTER_HOME": str(settings.layout.dagster), "PYTHONWARNINGS": "ignore"}


@contextmanager
def serving(settings: Settings, project: Path) -> Iterator[Ui]:
    """Webserver and daemon on this copy of the dbt project, until the end of the block."""
    open_instance(settings).dispose()
    port = free_port()
    dagster = Path(sys.executable).with_name("dagster")
    command = [dagster, "dev", "-m", LOCATION, "-h", "127.0.0.1", "-p", str(port)]
    log = (settings.home / "dagster-dev.log").open("w")
    process = subprocess.Popen(
        command,
        cwd=settings.layout.dagster,
        env=environment(settings) | {VARIABLE: str(project), "PYTHONPATH": str(PROJECT_DIR)},
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        ui = Ui(settings, port)
        deadline = time.monotonic() + 120
        while True:
            assert process.poll() is None, (settings.home / "dagster-dev.log").read_text()[-3000:]
            assert time.monotonic() < deadline, "the webserver does not answer"
            try:
                ui.assets()
                break
            except (OSError, AssertionError):
                time.sleep(0.5)
        yield ui
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()
