from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sentinel_orchestration.automation.alerts import post
from sentinel_orchestration.automation.alerts.delivery import Delivery, deliver
from sentinel_orchestration.settings import Settings
from tests.automation.alerts.receivers import Receiver, http_receiver, smtp_receiver
from tests.observe.graph import Runs


@pytest.fixture
def chat() -> Iterator[Receiver]:
    with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def mail() -> Iterator[Receiver]:
    with smtp_receiver() as receiver:
        yield receiver


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "LONGEST_SEC", 1.0)


@dataclass
class Alerting:
    """Runs whose failures are posted, to a chat and by mail."""

    runs: Runs
    environment: dict[str, str]
    route: dict[str, object] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return Settings(home=self.runs.home, ui_url="https://dagster.example.org", docs_url="https://docs.example.org")

    def write_routes(self, **values: object) -> None:
        """Both routes, with these values."""
        routes = [{"name": name.lower(), "url": name, **values} for name in self.environment]
        (self.runs.home / "alerts.yaml").write_text(json.dumps({"routes": routes}))

    def round(self, hours_later: float = 0) -> Delivery:
        """Reads what happened, and posts what is news, so many hours from now."""
        self.runs.record()
        return deliver(
            self.settings, self.environment, datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=hours_later)
        )

    @property
    def posts(self) -> list[tuple[object, ...]]:
        return self.runs.rows("select route, news from posts order by posted_at, route")


@pytest.fixture
def alerting(tmp_path: Path, chat: Receiver, mail: Receiver) -> Iterator[Alerting]:
    with Runs.at(tmp_path) as runs:
        made = Alerting(runs, {"CHAT": chat.url, "MAIL": mail.url})
        made.write_routes()
        yield made
