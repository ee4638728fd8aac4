"""Which page follows: by a cursor or a URL in the page, by the Link header, by number, or by offset."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sentinel_orchestration.feeds.source import SourceError

Name = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class Page:
    """What is known of a page: its URL, its rows, what it says (JSON), and its Link header's URLs by relation."""

    url: str
    rows: int
    digest: str
    body: Any = None
    links: Mapping[str, str] = field(default_factory=dict)


class Cursor(BaseModel):
    """The page says at `path` what to send as `parameter` for the next one; the last page says nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Name
    parameter: Name


class Number(BaseModel):
    """Pages are numbered from `first`; the one after the last has no rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parameter: Name
    first: int = 1


class Offset(BaseModel):
    """The number of rows to skip goes with each request; after the last row, a page has none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parameter: Name
    first: int = 0


class Paging(BaseModel):
    """One of five ways to the next page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cursor: Cursor | None = None
    next_url: Name | None = None
    link_header: Literal[True] | None = None
    page: Number | None = None
    offset: Offset | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError(f"use one of {', '.join(type(self).model_fields)}")
        return self

    @property
    def reads_body(self) -> bool:
        """Whether the way to the next page is in the page itself, which then is JSON."""
        return bool(self.cursor or self.next_url)

    def start(self, url: str) -> str:
        """The URL of the first page."""
        counted = self.page or self.offset
        return with_parameter(url, counted.parameter, str(counted.first)) if counted else url

    def following(self, page: Page) -> str | None:
        """The URL of the page after `page`; None after the last one."""
        if self.cursor:
            token = at(page.body, self.cursor.path)
            return None if token in (None, "", False) else with_parameter(page.url, self.cursor.parameter, str(token))
        if self.next_url or self.link_header:
            target = at(page.body, self.next_url) if self.next_url else page.links.get("next")
            return joined(page.url, str(target)) if target else None
        counted, step = (self.page, 1) if self.page else (self.offset, page.rows)
        if not counted or not page.rows:
            return None
        position = int(dict(parse_qsl(urlsplit(page.url).query))[counted.parameter]) + step
        return with_parameter(page.url, counted.parameter, str(position))


def joined(url: str, target: str) -> str:
    """The URL that a page or a redirect names. Raises SourceError where it is none."""
    try:
        return urlsplit(urljoin(url, target)).geturl()
    except ValueError as error:
        raise no_url(error) from None


def no_url(error: ValueError) -> SourceError:
    """What to say of an endpoint that leads to something else than a URL."""
    return SourceError(f"it leads to what is not a URL ({error}). Ask who runs it.")


def with_parameter(url: str, name: str, value: str) -> str:
    """The URL with a parameter of its query set."""
    parts = urlsplit(url)
    others = [(key, held) for key, held in parse_qsl(parts.query, keep_blank_values=True) if key != name]
    return urlunsplit(parts._replace(query=urlencode([*others, (name, value)])))


def at(body: Any, path: str) -> Any:
    """What is at a path of names joined by dots; the body itself without a path, None where there is nothing."""
    for name in path.split(".") if path else ():
        body = body.get(name) if isinstance(body, dict) else None
    return body
