"""What went wrong between here and an endpoint, in words that have no URL, header or other secret in them."""

from collections.abc import Iterator

import requests
from urllib3 import exceptions as urllib3

from sentinel_orchestration.feeds.http.endpoint import Endpoint

Failure = requests.RequestException | urllib3.HTTPError
WORDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    ((requests.exceptions.SSLError, urllib3.SSLError), "its certificate or TLS is not accepted"),
    ((requests.exceptions.ProxyError, urllib3.ProxyError), "the proxy of the environment does not connect"),
    (urllib3.NameResolutionError, "the name of its host is not known"),
    (urllib3.NewConnectionError, "it cannot be reached"),
    ((requests.Timeout, urllib3.TimeoutError, TimeoutError), "it sends nothing for {seconds:g} s"),
    ((requests.exceptions.ContentDecodingError, urllib3.DecodeError), "its answer cannot be unpacked"),
    ((requests.ConnectionError, urllib3.ProtocolError), "the connection broke off"),
)


def can_pass(error: Failure) -> bool:
    """Whether the same may work later: a connection that fails, breaks off or hangs, but no wrong certificate."""
    found = tuple(_behind(error))
    if any(isinstance(cause, requests.exceptions.SSLError | urllib3.SSLError) for cause in found):
        return False
    kinds = requests.ConnectionError | requests.Timeout | urllib3.ProtocolError | urllib3.TimeoutError
    return any(isinstance(cause, kinds) for cause in found)


def in_words(error: Failure, endpoint: Endpoint) -> str:
    """What happened."""
    found = tuple(_behind(error))
    words = [(kinds, text) for kinds, text in WORDS if any(isinstance(cause, kinds) for cause in found)]
    text = words[0][1] if words else "it cannot be asked"
    reason = next((cause.strerror for cause in found if isinstance(cause, OSError) and cause.strerror), None)
    return text.format(seconds=endpoint.timeout_seconds) + (f" ({reason})" if reason and "{" not in text else "")


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        reason = getattr(error, "reason", None)
        error = reason if isinstance(reason, BaseException) else error.__cause__ or error.__context__
