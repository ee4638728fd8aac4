"""Builds the report of what is published, as the last step of a run does, under SENTINEL_HOME."""

from sentinel_orchestration.publish.site import build_site
from sentinel_orchestration.settings import load_settings
from sentinel_orchestration.warehouse.build import prune_builds

settings = load_settings()
prune_builds(settings, keep="")
build_site(settings, print)
