"""An endpoint that fails, hangs or throttles: it is asked again where that can help, and one clear error says why it ended."""

import time
from collections.abc import Callable
from email.utils import formatdate

import pytest

from sentinel_orchestration.lake.received import Lake
from tests.feeds.http.conftest import Rows, error_of
from tests.feeds.http.server import LocalServer, Reply, serving

Pulled = Callable[..., Lake]


PASSING = {
    "500": Reply("down", 500),
    "503": Reply("down", 503),
    "408": Reply("slow", 408),
    "429": Reply("often", 429, {"Retry-After": "0"}),
    "429 with a date": Reply("often", 429, {"Retry-After": formatdate(0, usegmt=True)}),
    "429 with nonsense": Reply("often", 429, {"Retry-After": "soon"}),
    "cut off": Reply([{"a": "x" * 100}], cut=True),
    "not HTTP": Reply("x", 200, {"Content-Length": "1000"}, cut=True, has_length=False),
}


@pytest.mark.parametrize("trouble", PASSING)
def test_what_passes_is_asked_again(trouble: str, answering: LocalServer, pulled: Pulled, sites: Rows) -> None:
    answering.troubles = [PASSING[trouble], PASSING[trouble]]
    (record,) = pulled("sites").receive("sites")
    assert (record.rows, len(answering.asked)) == (len(sites), 3)


def test_a_hanging_endpoint_is_left_and_asked_again(answering: LocalServer, pulled: Pulled, sites: Rows) -> None:
    answering.troubles = [Reply(hangs=True)]
    (record,) = pulled("sites", timeout_seconds=0.2).receive("sites")
    assert (record.rows, len(answering.asked)) == (len(sites), 2)


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply("down", 503), "it answers 503 Service Unavailable. Tried 3 times. Run the same again later."),
        (Reply([{"a": 1}], cut=True), "the connection broke off. Tried 3 times. Run the same again later."),
        (Reply(hangs=True), "it sends nothing for 0.2 s. Tried 3 times. Run the same again later."),
    ],
)
def test_what_does_not_pass_ends(reply: Reply, message: str, answering: LocalServer, pulled: Pulled) -> None:
    answering.troubles = [reply] * 3
    assert error_of(pulled("sites", retries=2, timeout_seconds=0.2)) == message
    assert len(answering.asked) == 3


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply("no", 404), "it answers 404 Not Found. Check `url` and the parameters."),
        (Reply("no", 401), "it answers 401 Unauthorized. Say under `auth` how to log in."),
        (Reply("no", 403), "it answers 403 Forbidden. Say under `auth` how to log in."),
        (Reply("no", 299), "it answers 299. Check `url` and the parameters."),
        (
            Reply(b"no", headers={"Content-Encoding": "gzip"}),
            "its answer cannot be unpacked. Check `url`, and ask who runs it.",
        ),
    ],
)
def test_what_cannot_pass_is_asked_once(reply: Reply, message: str, answering: LocalServer, pulled: Pulled) -> None:
    answering.troubles = [reply]
    assert error_of(pulled("sites")) == message
    assert len(answering.asked) == 1


def test_nobody_there(pulled: Pulled) -> None:
    with serving() as gone:
        url = gone.url
    found = error_of(pulled("sites", url=url, retries=1))
    assert found == "it cannot be reached (Connection refused). Tried 2 times. Run the same again later."


def test_an_unknown_host(pulled: Pulled) -> None:
    found = error_of(pulled("sites", url="https://fleet.invalid/rows", retries=0))
    assert found.startswith("the name of its host is not known")


def test_it_waits_as_long_as_it_is_asked_to(answering: LocalServer, pulled: Pulled) -> None:
    answering.troubles = [Reply("often", 429, {"Retry-After": "1"})]
    start = time.monotonic()
    pulled("sites").receive("sites")
    assert time.monotonic() - start >= 1


def test_it_does_not_wait_longer_than_a_pull_may_take(answering: LocalServer, pulled: Pulled) -> None:
    answering.troubles = [Reply("often", 429, {"Retry-After": "3600"})]
    assert error_of(pulled("sites", max_minutes=1)) == (
        "it answers 429 Too Many Requests, and asks to wait 3,600 s; a pull may take 1 minutes. "
        "Raise `max_minutes`, or ask for less."
    )


def test_pauses_grow(answering: LocalServer, pulled: Pulled, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = list[float]()
    monkeypatch.setattr("sentinel_orchestration.feeds.http.client.time.sleep", pauses.append)
    answering.troubles = [Reply("down", 500)] * 5
    pulled("sites", backoff_seconds=1).receive("sites")
    assert pauses[0] == 0
    assert all(2**tries <= pause <= 2**tries + 1 for tries, pause in enumerate(pauses[1:], start=1))
