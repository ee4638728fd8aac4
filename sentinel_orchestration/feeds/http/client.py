"""Fetches a page into a file: from the configured host only, within limits, and again where that can help."""

import time
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import requests
from urllib3 import BaseHTTPResponse, Retry
from urllib3.exceptions import HTTPError, InvalidHeader, MaxRetryError

from sentinel_orchestration.feeds.http.endpoint import MEGABYTE, Endpoint
from sentinel_orchestration.feeds.http.failures import can_pass, in_words
from sentinel_orchestration.feeds.http.paging import joined, no_url
from sentinel_orchestration.feeds.http.secrets import Login
from sentinel_orchestration.feeds.source import SourceDownError, SourceError

MAX_REDIRECTS = 5
USUAL_PORTS = {("http", 80), ("https", 443)}
READ_BYTES = 2**18
MAX_BACKOFF_SECONDS = 120
PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS, *range(500, 600)}


class PassingError(Exception):
    """What may be better the next time; the message says what it was."""

    def __init__(self, message: str, response: BaseHTTPResponse | None = None) -> None:
        super().__init__(message)
        self.response = response


@dataclass(frozen=True)
class Answer:
    """What came with a page: the URLs of its Link header by relation."""

    links: dict[str, str]


class Client:
    """A session of one pull. No error has a URL that a server made up: it could hold a secret of the server's."""

    def __init__(self, endpoint: Endpoint, login: Login) -> None:
        self._endpoint = endpoint
        self._ends_at = time.monotonic() + endpoint.max_minutes * 60
        self._session = requests.Session()
        self._session.auth = login
        self._session.headers["User-Agent"] = "Sentinel"
        self._session.trust_env = not endpoint.is_local  # proxies and certificates of the environment

    def fetch(self, url: str, target: Path, max_bytes: int) -> Answer:
        """Writes the body of the answer, unpacked, to `target`.

        Raises SourceError that says why there is none; SourceDownError, if that may pass.
        """
        retry = Retry(
            self._endpoint.retries,
            backoff_factor=self._endpoint.backoff_seconds,
            backoff_jitter=self._endpoint.backoff_seconds,
            backoff_max=MAX_BACKOFF_SECONDS,
        )
        while True:
            try:
                return self._attempt(self.checked(url, "the next page"), target, max_bytes)
            except PassingError as error:
                passing = error
            except (requests.RequestException, HTTPError) as error:
                if not can_pass(error):
                    raise SourceError(f"{in_words(error, self._endpoint)}. Check `url`, and ask who runs it.") from None
                passing = PassingError(in_words(error, self._endpoint))
            try:
                retry = retry.increment("GET", response=passing.response)
            except MaxRetryError:
                tries = f"{self._endpoint.retries + 1} times" if self._endpoint.retries else "once"
                raise SourceDownError(f"{passing}. Tried {tries}. Run the same again later.") from None
            self._pause(retry, passing)

    def checked(self, url: str, what: str) -> str:
        """The URL, if it is on the configured host."""
        here, there = _host(self._endpoint.url), _host(url)
        if there != here:
            raise SourceError(
                f"{what} is at {there}, and only {here} is asked. If {there} is right, write it in `url`."
            )
        return url

    def _attempt(self, url: str, target: Path, max_bytes: int) -> Answer:
        for _ in range(MAX_REDIRECTS + 1):
            with self._get(url) as response:
                if not response.is_redirect:
                    self._check(response)
                    self._save(response, target, max_bytes)
                    return Answer({name: link["url"] for name, link in response.links.items()})
                url = self.checked(joined(url, response.headers["Location"]), "what it redirects to")
        raise SourceError(f"it redirects over {MAX_REDIRECTS} times. Write in `url` where it leads to.")

    def _get(self, url: str) -> requests.Response:
        try:
            return self._session.get(url, stream=True, allow_redirects=False, timeout=self._endpoint.timeout_seconds)
        except requests.RequestException:
            raise
        except ValueError as error:  # requests reads where a redirect leads to, also if it is not to go there
            raise no_url(error) from None

    def _check(self, response: requests.Response) -> None:
        code = response.status_code
        if code in (HTTPStatus.OK, HTTPStatus.NO_CONTENT):
            if self._endpoint.format != "json" and code == HTTPStatus.OK and not _has_end(response):
                raise SourceError(
                    "its answer has no length, so a part of it could not be told from all. Use `format: json`."
                )
            return
        said = f"it answers {code} {HTTPStatus(code).phrase}" if code in {*HTTPStatus} else f"it answers {code}"
        if code in PASSING:
            raise PassingError(said, response.raw)
        names = " and ".join(self._endpoint.auth.variables)
        if code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise SourceError(f"{said}. " + (f"Check {names}." if names else "Say under `auth` how to log in."))
        raise SourceError(f"{said}. Check `url` and the parameters.")

    def _save(self, response: requests.Response, target: Path, max_bytes: int) -> None:
        size = 0
        with target.open("wb") as file:
            while chunk := response.raw.read1(READ_BYTES, decode_content=True):
                size += len(chunk)
                if size > max_bytes:
                    raise SourceError(self._too_large(max_bytes))
                self._check_time(0)
                file.write(chunk)

    def _too_large(self, max_bytes: int) -> str:
        if max_bytes >= self._endpoint.max_page_bytes < self._endpoint.max_bytes:
            most = self._endpoint.max_page_bytes // MEGABYTE
            return f"a JSON page is over {most} MB. Ask for fewer rows per page, or use `format: jsonl` or `csv`."
        return f"it sends over {self._endpoint.max_megabytes:g} MB. Ask for less, or raise `max_megabytes`."

    def _pause(self, retry: Retry, error: PassingError) -> None:
        try:
            asked = retry.get_retry_after(error.response) if error.response else None
        except InvalidHeader:
            asked = None
        seconds = asked or retry.get_backoff_time()
        self._check_time(seconds, f"{error}, and asks to wait {seconds:,.0f} s" if asked else str(error))
        time.sleep(seconds)

    def _check_time(self, seconds: float, said: str = "it sends slowly") -> None:
        if time.monotonic() + seconds > self._ends_at:
            raise SourceError(
                f"{said}; a pull may take {self._endpoint.max_minutes:g} minutes. Raise `max_minutes`, or ask for less."
            )


def _host(url: str) -> str:
    """Scheme, name and port, the usual port left out."""
    parts = urlsplit(url)
    try:
        port = f":{parts.port}" if parts.port and (parts.scheme, parts.port) not in USUAL_PORTS else ""
    except ValueError:
        port = ":?"
    return f"{parts.scheme}://{parts.hostname or ''}{port}"


def _has_end(response: requests.Response) -> bool:
    return "Content-Length" in response.headers or response.headers.get("Transfer-Encoding", "").lower() == "chunked"
