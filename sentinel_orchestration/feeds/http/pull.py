"""One pull: every page of what an endpoint has, joined in one file."""

from pathlib import Path

from sentinel_orchestration.feeds.http.client import Client
from sentinel_orchestration.feeds.http.endpoint import Endpoint
from sentinel_orchestration.feeds.http.paging import Page, with_parameter
from sentinel_orchestration.feeds.http.secrets import Login
from sentinel_orchestration.feeds.http.spool import Spool
from sentinel_orchestration.feeds.source import SourceError


def pull(endpoint: Endpoint, login: Login, since: str | None, folder: Path, name: str) -> Spool:
    """What the endpoint has (after `since`) as a file in `folder`. Raises SourceError, and then nothing counts."""
    client = Client(endpoint, login)
    spool = Spool(folder / f"{name}.{'csv' if endpoint.format == 'csv' else 'jsonl'}", endpoint)
    url: str | None = _first(endpoint, since)
    before: Page | None = None
    asked = set[str]()
    while url:
        try:
            if len(asked) == endpoint.max_pages:
                raise SourceError(
                    f"it has over {endpoint.max_pages:,} pages. Ask for more rows per page, or raise `max_pages`."
                )
            asked.add(url)
            target = folder / f"page{spool.path.suffix}"
            answer = client.fetch(url, target, min(endpoint.max_page_bytes, endpoint.max_bytes - spool.size))
            page = spool.add(url, target, answer.links)
            _check_progress(before, page)
            before = page
            url = endpoint.paging.following(page) if endpoint.paging else None
            if url in asked:
                raise SourceError("it names a page again that it sent before. Check `paging`.")
        except SourceError as error:
            raise type(error)(f"page {len(asked)}: {error}" if len(asked) > 1 else str(error)) from None
    return spool


def _first(endpoint: Endpoint, since: str | None) -> str:
    url = endpoint.url
    if endpoint.since and since is not None:
        url = with_parameter(url, endpoint.since.parameter, since)
    return endpoint.paging.start(url) if endpoint.paging else url


def _check_progress(before: Page | None, page: Page) -> None:
    if before and page.rows and page.digest == before.digest:
        raise SourceError(
            "it has the rows of the page before. Check that the parameter in `paging` is what the endpoint reads."
        )
