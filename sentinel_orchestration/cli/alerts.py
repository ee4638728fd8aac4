"""`sentinel alerts`: tries each route, or makes one round without the daemon."""

import os
from datetime import UTC, datetime

from rich.markup import escape

from sentinel_orchestration.automation.alerts.messages import Message
from sentinel_orchestration.automation.alerts.post import PostError, post
from sentinel_orchestration.automation.alerts.routes import read_routes
from sentinel_orchestration.cli.progress import MARKS, wide_in_a_pipe
from sentinel_orchestration.settings import load_settings

NO_ROUTE = "There is no alerts.yaml, so nobody is told of anything. alerts.example.yaml shows how to write one."


def try_command() -> int:
    """Posts a test message to each route. Exit code 1 if one did not take it."""
    console, settings = wide_in_a_pipe(), load_settings()
    routes = read_routes(settings.layout.alerts)
    if not routes:
        console.print(NO_ROUTE)
        return 0
    now, failed = datetime.now(UTC), 0
    body = f"Somebody ran `sentinel alerts test` at {now:%Y-%m-%d %H:%M} UTC. Nothing is wrong.\n{settings.ui_address}"
    for route in routes:
        try:
            post(Message(f"Test of the route {route.name}", body, "info"), route, os.environ)
            console.print(f"{MARKS['passed']} {escape(route.name)} took it", highlight=False)
        except PostError as error:
            failed += 1
            console.print(f"{MARKS['failed']} {escape(str(error))}", highlight=False, soft_wrap=True)
    return 1 if failed else 0


def check_command() -> int:
    """One round, as the sensor `alerts` makes them. Exit code 1 if a message did not arrive."""
    console, settings = wide_in_a_pipe(), load_settings()
    with console.status("loading the graph"):
        from sentinel_orchestration.automation.alerts.sensor import alert_round
        from sentinel_orchestration.automation.instance import open_instance
        from sentinel_orchestration.definitions import build_definitions

        repository = build_definitions(settings).get_repository_def()
    with open_instance(settings) as instance:
        delivery = alert_round(settings, instance, repository)
    if not settings.layout.alerts.exists():
        console.print(NO_ROUTE)
    for name, title in delivery.posted:
        console.print(f"{MARKS['passed']} {escape(name)}: {escape(title)}", highlight=False, soft_wrap=True)
    for text in delivery.failed:
        console.print(f"{MARKS['failed']} {escape(text)}", highlight=False, soft_wrap=True)
    return 1 if delivery.failed else 0
