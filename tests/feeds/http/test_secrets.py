"""Secrets come from the environment, go to the endpoint, and are found nowhere else."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sentinel_orchestration.feeds.source import SourceError
from sentinel_orchestration.lake.received import Lake
from tests.feeds.http.conftest import Rows
from tests.feeds.http.server import LocalServer, Reply

Pulled = Callable[..., Lake]
SECRET = "s3cr3t-0f-the-fleet"  # pragma: allowlist secret
BASIC = base64.b64encode(f"robot:{SECRET}".encode()).decode()
PAIR = {"user": "FLEET_USER", "password": "FLEET_TOKEN"}  # pragma: allowlist secret
WAYS: dict[str, tuple[Mapping[str, Any], str, str]] = {
    "bearer": ({"bearer": "FLEET_TOKEN"}, "Authorization", f"Bearer {SECRET}"),
    "header": ({"header": "X-Api-Key", "from": "FLEET_TOKEN"}, "X-Api-Key", SECRET),
    "basic": ({"basic": PAIR}, "Authorization", f"Basic {BASIC}"),
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEET_TOKEN", f"{SECRET}\n")  # as `echo` leaves it in a file
    monkeypatch.setenv("FLEET_USER", "robot")


@pytest.mark.parametrize("way", WAYS)
def test_it_goes_with_each_page_and_is_kept_nowhere(
    way: str, server: LocalServer, pulled: Pulled, sites: Rows, caplog: pytest.LogCaptureFixture
) -> None:
    auth, header, value = WAYS[way]
    caplog.set_level("DEBUG")
    server.troubles = [Reply("down", 503)]
    server.answer = lambda asked: Reply(sites[int(asked.query["page"]) - 1 :][:1])
    lake = pulled("sites", auth=auth, paging={"page": {"parameter": "page"}})
    lake.receive("sites")
    server.answer = lambda asked: Reply([{"renamed": 1}] if asked.query["page"] == "1" else [])
    refused = lake.receive("sites")[-1]
    server.answer = lambda asked: Reply(f"wrong: {dict(asked.headers)}", 403, {"X-Echo": SECRET})
    with pytest.raises(SourceError) as error:
        lake.receive("sites")
    assert {asked.headers[header] for asked in server.asked} == {value}
    assert "it answers 403 Forbidden. Check FLEET_" in str(error.value)
    texts = [str(error.value), repr(refused), caplog.text, repr(lake.sources)]
    files = [path.read_bytes() for path in lake.settings.home.rglob("*") if path.is_file()]
    for secret in (SECRET, BASIC):
        assert not any(secret in text for text in texts)
        assert not any(secret.encode() in content for content in files)


@pytest.mark.parametrize("value", [None, "", " \n"])
def test_a_missing_variable_is_named_before_anything_is_asked(
    value: str | None, server: LocalServer, pulled: Pulled, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value is None:
        monkeypatch.delenv("FLEET_TOKEN")
    else:
        monkeypatch.setenv("FLEET_TOKEN", value)
    lake = pulled("sites", auth={"bearer": "FLEET_TOKEN"})
    with pytest.raises(SourceError) as error:
        lake.receive("sites")
    assert str(error.value) == (
        f"sites: {server.url}: the environment variable FLEET_TOKEN, which `auth` names, is not set. Set it where Sentinel runs."
    )
    assert server.asked == []


@pytest.mark.parametrize("value", [f"{SECRET}\r\nX-Other: 1", f"{SECRET}é"])
def test_a_value_that_cannot_be_sent_is_not_shown(value: str, pulled: Pulled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEET_TOKEN", value)
    with pytest.raises(SourceError, match="FLEET_TOKEN holds characters that cannot be sent") as error:
        pulled("sites", auth={"bearer": "FLEET_TOKEN"}).receive("sites")
    assert SECRET not in str(error.value)


def test_no_login_of_another_program_is_used(
    server: LocalServer, pulled: Pulled, sites: Rows, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """requests reads ~/.netrc unless told otherwise."""
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login robot password {SECRET}\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server.answer = lambda asked: Reply(sites)
    for options in ({}, {"insecure": True}, {"auth": {"header": "X-Api-Key", "from": "FLEET_TOKEN"}}):
        pulled("sites", **options).receive("sites")
    assert not any("Authorization" in asked.headers for asked in server.asked)


def test_a_proxy_does_not_get_what_is_for_this_machine(
    server: LocalServer, pulled: Pulled, sites: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    server.answer = lambda asked: Reply(sites)
    (record,) = pulled("sites", retries=0).receive("sites")
    assert record.rows == len(sites)
