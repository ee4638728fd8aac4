"""Hands a message to a service, through Apprise, and says whether the service took it."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from sentinel_orchestration.automation.alerts.messages import Message
from sentinel_orchestration.automation.alerts.routes import Route

LONGEST_SEC = 10.0  # for one message; a tick of a sensor has 60
SHOWN_CHARACTERS = 200
SECRET_CHARACTERS = 6  # parts of a URL that are shorter are words or numbers


class PostError(RuntimeError):
    """A message that did not arrive, as far as is known; the text names the route and the reason, and nothing of its URL."""


def post(message: Message, route: Route, environment: Mapping[str, str]) -> None:
    """Posts a message, and waits for at most LONGEST_SEC.

    Raises PostError if the route has no usable URL, or the service refused, did not answer or could not be reached.
    """
    from apprise import Apprise, AppriseAsset  # one second: nobody waits for it without a route

    url = environment.get(route.url, "").strip()
    if not url:
        raise PostError(f"route {route.name}: the variable {route.url} is not set. Set it where Sentinel runs.")
    asset = AppriseAsset(service_timeout=LONGEST_SEC)
    asset.app_id, asset.app_desc, asset.app_url = "Sentinel", "Sentinel", ""
    services = Apprise(asset=asset)
    if not services.add(url):
        raise PostError(f"route {route.name}: the variable {route.url} holds no URL that Apprise knows. Correct it.")
    result = services.notify(
        message.body, message.title, notify_type=message.tone, body_format="text", timeout=LONGEST_SEC
    )
    if not result:
        said = " ".join(entry.message for entry in result.logs()) or f"no answer within {LONGEST_SEC:g} s"
        raise PostError(f"route {route.name}: {_without(url, said)[:SHOWN_CHARACTERS]}")


def _without(url: str, text: str) -> str:
    """A text without the parts of a URL: tokens, passwords, hosts."""
    parts = {part for form in (url, unquote(url)) for part in re.split(r"[^\w-]+", form)}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= SECRET_CHARACTERS:
            text = text.replace(part, "…")
    return " ".join(text.split())
