"""docker-compose.yml is what compose takes, passes on every setting and no secret, and shows nothing to the network."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sentinel_orchestration.automation.instance import EVENTS_PER_BATCH
from sentinel_orchestration.settings import NAMED_BY_OTHERS, PROJECT_DIR, Settings
from tests.deploy.compose import FILE, read, services
from tests.postgres import Postgres

MESSAGE = "Set POSTGRES_PASSWORD in the environment or in .env"
PASSWORD = {"POSTGRES_PASSWORD": "abc"}  # pragma: allowlist secret
OF_THE_CONTAINER = {"home", "host", "dagster_port", "site_port"}  # settings that the file decides, not its user
SERVERS = {name for name, service in services(PASSWORD).items() if not service.ends}


def _schema_says(file: Path) -> "subprocess.CompletedProcess[str]":
    """The schema of the Compose Specification, as check-jsonschema ships it."""
    command = ["-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", file]
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)


def test_it_follows_the_schema_of_compose():
    assert _schema_says(FILE).returncode == 0, _schema_says(FILE).stdout


@pytest.mark.parametrize("wrong", ["depends-on: [code]", "restart: 5", "healthcheck: { test: 5 }"])
def test_the_schema_finds_what_is_wrong(tmp_path, wrong):
    found = read() | {"services": {"code": {"image": "sentinel"} | yaml.safe_load(wrong)}}
    (tmp_path / "docker-compose.yml").write_text(yaml.safe_dump(found))
    assert _schema_says(tmp_path / "docker-compose.yml").returncode == 1


def test_every_server_is_checked_and_started_again():
    assert sorted(SERVERS) == ["code", "daemon", "postgres", "site", "webserver"]
    for name in SERVERS:
        content = services(PASSWORD)[name].content
        assert content["restart"] == "unless-stopped", name
        assert content["healthcheck"]["test"][0] == "CMD", name


def test_nothing_starts_before_what_it_needs():
    waits = {name: service.content.get("depends_on", {}) for name, service in services(PASSWORD).items()}
    conditions = {name: {other: how["condition"] for other, how in wait.items()} for name, wait in waits.items()}
    healthy, done = "service_healthy", "service_completed_successfully"
    assert conditions == {
        "postgres": {},
        "migrate": {"postgres": healthy},
        "build": {"migrate": done},
        "code": {"migrate": done},
        "webserver": {"code": healthy},
        "daemon": {"code": healthy},
        "site": {},
    }


def test_only_this_machine_reaches_a_port():
    ports = [port for service in services(PASSWORD).values() for port in service.content.get("ports", [])]
    assert sorted(ports) == ["127.0.0.1:3000:3000", "127.0.0.1:3001:3001"]


def test_every_setting_is_passed_on_and_none_that_nobody_set():
    ours = {name: service for name, service in services(PASSWORD).items() if service.is_ours and name != "site"}
    wanted = {f"SENTINEL_{name.upper()}" for name in Settings.model_fields.keys() - OF_THE_CONTAINER}
    wanted |= NAMED_BY_OTHERS - PASSWORD.keys()
    for name, service in ours.items():
        assert service.content["environment"].keys() >= wanted, name
        unset = {key for key in service.environment if key.startswith(("SENTINEL_", "SENTRY_"))}
        assert unset == {"SENTINEL_AUTOMATION"}, name
        assert service.environment["SENTINEL_AUTOMATION"] == "true"
        given = services(PASSWORD | {"SENTINEL_DAYS": "7", "SENTINEL_AUTOMATION": "false"})[name].environment
        assert (given["SENTINEL_DAYS"], given["SENTINEL_AUTOMATION"]) == ("7", "false")


def test_events_are_written_in_batches_of_the_same_size_as_by_commands():
    assert services(PASSWORD)["code"].environment["DAGSTER_EVENT_BATCH_SIZE"] == EVENTS_PER_BATCH


def test_without_a_password_it_says_what_to_do():
    with pytest.raises(KeyError, match=re.escape(MESSAGE)):
        _ = services({})["postgres"].environment


def test_the_password_is_in_no_file_and_only_where_it_is_needed():
    has = {name for name, service in services(PASSWORD).items() if "abc" in service.environment.values()}
    assert has == {"postgres", "migrate", "build", "code", "webserver", "daemon"}
    written = re.findall(r"PASSWORD: (.*)", FILE.read_text())
    assert set(written) == {f"${{POSTGRES_PASSWORD:?{MESSAGE}}}"}
    storage = yaml.safe_load((PROJECT_DIR / "deploy" / "dagster.yaml").read_text())["storage"]
    assert all(set(value) == {"env"} for value in storage["postgres"]["postgres_db"].values())


def test_the_instance_file_is_where_the_image_has_its_instance():
    image = (PROJECT_DIR / "Dockerfile").read_text()
    (home,) = re.findall(r"DAGSTER_HOME=(\S+)", image)
    (folder,) = re.findall(r"^WORKDIR (\S+)$", image[image.index(" AS sentinel") :], re.MULTILINE)
    mounted = {f"./deploy/dagster.yaml:{home}/dagster.yaml:ro", f"./deploy:{folder}/deploy:ro"}
    for name in SERVERS - {"postgres", "site"}:
        assert mounted <= set(services(PASSWORD)[name].content["volumes"]), name


def test_the_database_is_the_version_that_is_tested(postgres: Postgres):
    tested = postgres.run("postgres", "--version").split()[-1]
    assert read()["services"]["postgres"]["image"].startswith(f"postgres:{tested}-")
