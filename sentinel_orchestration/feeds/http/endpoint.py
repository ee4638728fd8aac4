"""What sources.yaml says of an HTTP endpoint."""

from ipaddress import ip_address
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sentinel_orchestration.feeds.http.paging import Paging
from sentinel_orchestration.feeds.http.secrets import Auth

MEGABYTE = 2**20
MAX_JSON_PAGE_BYTES = 64 * MEGABYTE  # a JSON page is held in memory, and takes about seven times as much there
Format = Literal["json", "jsonl", "csv"]


class Since(BaseModel):
    """What asks the endpoint only for rows that are newer than the newest one received, by a column of the rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parameter: str = Field(min_length=1)
    column: str = Field(min_length=1)


class Endpoint(BaseModel):
    """Where the rows are, how to ask for them, and how much and how long to take.

    `url` may have a query; it is part of what the endpoint is called in records, so a secret must not be in it. `rows` is the
    path to the list of rows in a JSON page; without it, the page is the list. `timeout_seconds` is for a connection and for each
    wait for bytes, `max_minutes` for a whole pull. `keep: last` means that each pull is the whole feed and replaces the others.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    insecure: bool = False
    format: Format = "json"
    rows: str = ""
    paging: Paging | None = None
    auth: Auth = Auth()
    since: Since | None = None
    keep: Literal["all", "last"] = "all"
    timeout_seconds: Annotated[float, Field(gt=0)] = 30
    max_minutes: Annotated[float, Field(gt=0)] = 60
    max_megabytes: Annotated[float, Field(gt=0)] = 500
    max_pages: Annotated[int, Field(ge=1)] = 10_000
    retries: Annotated[int, Field(ge=0)] = 5
    backoff_seconds: Annotated[float, Field(ge=0)] = 1

    @field_validator("url")
    @classmethod
    def _is_plain(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("write a whole URL, such as https://fleet.example.com/api/telemetry")
        if "@" in parts.netloc:
            raise ValueError("a URL must not have a user or password. Name their variables under `auth: {basic: …}`")
        if parts.fragment or any(character.isspace() for character in url) or parts.port == 0:
            raise ValueError("a URL must not have a fragment (#…), a space or port 0")
        return url

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.url.startswith("http:") and not self.insecure and not self.is_local:
            raise ValueError("http can be read and changed on the way. Use https, or write `insecure: true`")
        if self.rows and self.format != "json":
            raise ValueError(f"`rows` is a path in JSON pages. Remove it, or `format: {self.format}`")
        if self.paging and self.paging.reads_body and self.format != "json":
            raise ValueError("`cursor` and `next_url` are paths in JSON pages. Use `link_header`, `page` or `offset`")
        if self.since and self.keep == "last":
            raise ValueError("with `since`, a pull is only what is new. Remove `since` or `keep: last`")
        return self

    @property
    def is_local(self) -> bool:
        """Whether the host is this machine."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def max_bytes(self) -> int:
        """What a whole pull may have, unpacked."""
        return int(self.max_megabytes * MEGABYTE)

    @property
    def max_page_bytes(self) -> int:
        """What a page may have, unpacked."""
        return min(self.max_bytes, MAX_JSON_PAGE_BYTES) if self.format == "json" else self.max_bytes
