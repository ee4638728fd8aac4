"""Nothing but the configured host is asked: neither a redirect nor a link leads elsewhere, and no header with them."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sentinel_orchestration.feeds.http.client import Client
from sentinel_orchestration.feeds.http.endpoint import Endpoint
from sentinel_orchestration.feeds.http.secrets import Auth
from sentinel_orchestration.feeds.source import SourceError
from sentinel_orchestration.lake.received import Lake
from tests.feeds.http.conftest import Rows, error_of
from tests.feeds.http.server import LocalServer, Reply, serving

Pulled = Callable[..., Lake]


def test_a_redirect_on_the_host_is_followed(answering: LocalServer, pulled: Pulled) -> None:
    answering.troubles = [Reply("", 302, {"Location": "/v2/rows"})]
    pulled("sites").receive("sites")
    assert [asked.path for asked in answering.asked] == ["/api/rows", "/v2/rows"]


def test_a_redirect_to_another_host_is_not(answering: LocalServer, pulled: Pulled) -> None:
    with serving() as other:
        answering.troubles = [Reply("", 302, {"Location": f"{other.url}?token=theirs"})]
        found = error_of(pulled("sites"))
        host = other.url.removesuffix("/api/rows")
        assert found.startswith(f"what it redirects to is at {host}, and only ")
        assert "theirs" not in found
        assert other.asked == []


@pytest.mark.parametrize("paging", [{"link_header": True}, {"next_url": "next"}])
def test_a_next_page_on_another_host_is_not(
    paging: Mapping[str, Any], answering: LocalServer, pulled: Pulled, sites: Rows
) -> None:
    with serving() as other:
        page = {"rows": sites, "next": other.url}
        answering.answer = lambda asked: Reply(page, headers={"Link": f'<{other.url}>; rel="next"'})
        found = error_of(pulled("sites", rows="rows", paging=paging))
        assert found.startswith(f"page 2: the next page is at {other.url.removesuffix('/api/rows')}, and only ")
        assert other.asked == []


def test_redirects_without_end(answering: LocalServer, pulled: Pulled) -> None:
    answering.answer = lambda asked: Reply("", 302, {"Location": asked.path})
    assert error_of(pulled("sites")).startswith("it redirects over 5 times.")


def test_a_certificate_that_nobody_vouches_for(answering: LocalServer, pulled: Pulled) -> None:
    """What answers is not even TLS; a wrong certificate fails in the same place."""
    url = answering.url.replace("http:", "https:")
    found = error_of(pulled("sites", url=url))
    assert found.startswith("its certificate or TLS is not accepted")
    assert answering.asked == []


@pytest.mark.parametrize(
    "target", ["http://[x/rows", "http://127.0.0.1:99999/rows", "https://127.0.0.1/rows", "file:///etc/passwd"]
)
def test_a_redirect_that_leads_to_no_url_of_the_host(target: str, answering: LocalServer, pulled: Pulled) -> None:
    answering.troubles = [Reply("", 302, {"Location": target})]
    found = error_of(pulled("sites", retries=0))
    assert found.startswith(("it leads to what is not a URL", "what it redirects to is at "))
    assert len(answering.asked) == 1


def test_the_usual_port_may_be_written_or_not() -> None:
    client = Client(Endpoint(url="https://Fleet.example.com/rows"), Auth().login({}))
    for url in ("https://fleet.example.com:443/2", "https://fleet.example.com/2"):
        assert client.checked(url, "it") == url
    for url in ("https://fleet.example.com:80/2", "http://fleet.example.com/2", "https://fleet.example.com.evil.net/2"):
        with pytest.raises(SourceError, match=r"and only https://fleet\.example\.com is asked"):
            client.checked(url, "it")
