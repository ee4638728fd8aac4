"""A source that does not answer is asked again by runs that nobody waits for, and what cannot pass is not."""

from collections.abc import Callable, Iterator

import dagster as dg
import pytest
import yaml

from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.definitions import build_definitions
from sentinel_orchestration.lake import assets
from sentinel_orchestration.resources.run_log import COMMAND_TAG
from sentinel_orchestration.settings import Settings
from tests.feeds.http.server import LocalServer, Reply, serving

SITES = dg.AssetKey(["bronze", "sites"])
Run = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with serving() as running:
        yield running


@pytest.fixture
def run(settings: Settings, server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A run that receives the sites from the server, which is asked once per try."""
    monkeypatch.setattr(assets, "FIRST_RETRY_SEC", 0.01)
    settings.home.mkdir(exist_ok=True)
    feeds = {"sites": {"http": {"url": server.url, "retries": 0}}}
    settings.layout.sources.write_text(yaml.safe_dump({"feeds": feeds}), encoding="utf-8")
    with open_instance(settings) as instance:
        job = build_definitions(settings).resolve_job_def("build_without_report")

        def execute(**tags: str) -> dg.ExecuteInProcessResult:
            return job.execute_in_process(instance=instance, asset_selection=[SITES], tags=tags, raise_on_error=False)

        yield execute


def retries(result: dg.ExecuteInProcessResult) -> int:
    return sum(event.event_type == dg.DagsterEventType.STEP_UP_FOR_RETRY for event in result.all_events)


def test_what_passes_is_tried_again(run: Run, server: LocalServer) -> None:
    server.troubles = [Reply("down", 503)] * 2
    result = run()
    assert (result.success, retries(result), len(server.asked)) == (True, 2, 3)


def test_after_three_times_it_has_failed(run: Run, server: LocalServer) -> None:
    server.troubles = [Reply("down", 503)] * 9
    result = run()
    assert (result.success, retries(result), len(server.asked)) == (False, 3, 4)
    (failure,) = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    assert "it answers 503 Service Unavailable" in failure.user_failure_data.description


@pytest.mark.parametrize(
    ("reply", "tags"),
    [(Reply("no", 404), {}), (Reply("down", 503), {COMMAND_TAG: "sentinel build"})],
    ids=["cannot pass", "somebody waits"],
)
def test_else_it_fails_at_once(run: Run, server: LocalServer, reply: Reply, tags: dict[str, str]) -> None:
    server.troubles = [reply]
    result = run(**tags)
    assert (result.success, retries(result), len(server.asked)) == (False, 0, 1)
