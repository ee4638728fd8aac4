"""What sources.yaml may say of an endpoint, and what it is told where it cannot be used."""

from pathlib import Path

import pytest
import yaml

from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.feeds.sources import Place, read_sources
from sentinel_orchestration.lake.received import Lake
from sentinel_orchestration.settings import Settings, SettingsError
from tests.conftest import AS_OF

CONTRACTS = load_contracts()
URL = "https://fleet.example.com/api/telemetry"


def read(tmp_path: Path, endpoint: str) -> object:
    path = tmp_path / "sources.yaml"
    path.write_text(yaml.safe_dump({"feeds": {"telemetry": {"http": yaml.safe_load(endpoint)}}}), encoding="utf-8")
    return read_sources(path, CONTRACTS).feeds["telemetry"]


def test_a_feed_beside_others(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(f"feeds: {{telemetry: {{http: {{url: '{URL}'}}}}, sites: simulator}}")
    lake = Lake(Settings(home=tmp_path, as_of=AS_OF), AS_OF)
    assert {feed: lake.source(feed) for feed in CONTRACTS} == dict.fromkeys(CONTRACTS, "absent") | {
        "telemetry": "http", "sites": "simulator"
    }  # fmt: skip


def test_the_least_is_a_url(tmp_path: Path) -> None:
    found = read(tmp_path, f"url: {URL}")
    assert isinstance(found, Place)
    assert (found.http.format, found.http.timeout_seconds, found.http.max_megabytes) == ("json", 30, 500)


@pytest.mark.parametrize("url", ["http://localhost:8000/rows", "http://127.0.0.1/rows", "http://[::1]:8000/rows?a=b"])
def test_this_machine_may_speak_http(tmp_path: Path, url: str) -> None:
    assert isinstance(read(tmp_path, f"url: '{url}'"), Place)


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ("{}", "http.url: Field required"),
        ("url: fleet.example.com/rows", "http.url: Value error, write a whole URL, such as https://fleet.example.com"),
        ("url: ftp://fleet.example.com", "write a whole URL"),
        ("url: http://fleet.example.com/rows", "http can be read and changed on the way. Use https, or write `insecure: true`"),
        ("url: http://127.0.0.1.example.com/rows", "http can be read and changed on the way"),
        ("url: https://robot:hunter2@fleet.example.com", "a URL must not have a user or password"),  # pragma: allowlist secret
        (f"url: '{URL}#part'", "a URL must not have a fragment"),
        ("url: https://fleet.example.com:x/", "http.url: Value error"),
        ("url: https://fleet.example.com:99999/", "http.url: Value error"),
        (f"{{url: '{URL}', format: xml}}", "http.format: Input should be 'json', 'jsonl' or 'csv'"),
        (f"{{url: '{URL}', format: csv, rows: data}}", "`rows` is a path in JSON pages"),
        (f"{{url: '{URL}', format: csv, paging: {{next_url: links.next}}}}", "are paths in JSON pages"),
        (f"{{url: '{URL}', paging: {{page: {{parameter: p}}, next_url: a}}}}", "paging: Value error, use one of cursor"),
        (f"{{url: '{URL}', paging: {{}}}}", "use one of cursor, next_url, link_header, page, offset"),
        (f"{{url: '{URL}', auth: {{bearer: eyJhbGciOi}}}}", "auth.bearer: "),
        (f"{{url: '{URL}', auth: {{bearer: A, header: X, from: B}}}}", "use one of `bearer`, `header` and `basic`"),
        (f"{{url: '{URL}', auth: {{header: X-Api-Key}}}}", "`header` needs `from`"),
        (f"{{url: '{URL}', keep: last, since: {{parameter: a, column: b}}}}", "with `since`, a pull is only what is new"),
        (f"{{url: '{URL}', timeout: 3}}", "http.timeout: Extra inputs are not permitted"),
        (f"{{url: '{URL}', max_megabytes: 0}}", "http.max_megabytes: Input should be greater than 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(tmp_path: Path, endpoint: str, message: str) -> None:
    with pytest.raises(SettingsError) as error:
        read(tmp_path, endpoint)
    assert str(error.value).startswith(f"{tmp_path / 'sources.yaml'}: feeds.telemetry.http")
    assert message in str(error.value)
    assert "eyJhbGciOi" not in str(error.value)
    assert "hunter2" not in str(error.value)
