"""Builds the report of the current release, as the last step of a run does, under SENTINEL_HOME."""

from sentinel_orchestration.automation.build import remove_leftovers
from sentinel_orchestration.publish.site import build_site
from sentinel_orchestration.settings import load_settings
from tests.health import know_health

settings = load_settings()
remove_leftovers(settings.layout)
if not settings.layout.health.exists():
    know_health(settings)
build_site(settings, print, print)
