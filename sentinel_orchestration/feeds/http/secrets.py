"""Secrets of an endpoint: sources.yaml names environment variables, and only a request ever gets their values."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from requests import PreparedRequest
from requests.auth import AuthBase

from sentinel_orchestration.feeds.source import SourceError

Variable = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]


class Basic(BaseModel):
    """A user and a password."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: Variable
    password: Variable


class Auth(BaseModel):
    """How to log in: by bearer token, by a header, by user and password, or (none of them) not at all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bearer: Variable | None = None
    header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")] | None = None
    value: Variable | None = Field(default=None, alias="from")
    basic: Basic | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if len([way for way in (self.bearer, self.header, self.basic) if way]) > 1:
            raise ValueError("use one of `bearer`, `header` and `basic`")
        if bool(self.header) != bool(self.value):
            raise ValueError(
                "`header` needs `from`, the name of the variable that holds its value, and `from` needs `header`"
            )
        return self

    @property
    def variables(self) -> list[str]:
        """The environment variables that are read."""
        basic = (self.basic.user, self.basic.password) if self.basic else ()
        return [name for name in (self.bearer, self.value, *basic) if name]

    def login(self, environment: Mapping[str, str]) -> "Login":
        """What goes with each request. Raises SourceError naming a variable that is missing or cannot be sent."""
        found = {name: _read(name, environment) for name in self.variables}
        return Login(dict(self._headers(found)))

    def _headers(self, found: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        if self.bearer:
            yield "Authorization", f"Bearer {found[self.bearer]}"
        if self.header and self.value:
            yield self.header, found[self.value]
        if self.basic:
            pair = f"{found[self.basic.user]}:{found[self.basic.password]}"
            yield "Authorization", f"Basic {b64encode(pair.encode()).decode()}"


class Login(AuthBase):
    """Adds headers to a request. Also without headers it is a login, so that requests looks for none in ~/.netrc."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """The request with the headers."""
        request.headers.update(self._headers)
        return request


def _read(name: str, environment: Mapping[str, str]) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise SourceError(
            f"the environment variable {name}, which `auth` names, is not set. Set it where Sentinel runs."
        )
    if not (value.isascii() and value.isprintable()):
        raise SourceError(f"the environment variable {name} holds characters that cannot be sent. Set it again.")
    return value
