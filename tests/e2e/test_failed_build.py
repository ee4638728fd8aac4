"""A build that fails is on the page, and the figures of the last good release stay."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from conftest import SMALL, simulate_the_rest
from sentinel_orchestration.cli.build import build_command
from sentinel_orchestration.publish.manifest import read_current
from sentinel_orchestration.serve.site import start_site_server
from sentinel_orchestration.settings import Settings

pytestmark = pytest.mark.site


@pytest.fixture(scope="module")
def home(full_report: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home of its own with a release, its report, and incidents whose severities no contract allows."""
    folder = tmp_path_factory.mktemp("failed")
    shutil.copytree(full_report.home, folder, symlinks=True, dirs_exist_ok=True)
    settings = Settings(home=simulate_the_rest(folder), site_base_path=full_report.site_base_path, **SMALL)
    silver = pl.read_parquet(settings.layout.silver_file("incidents"))
    inbox = settings.layout.inbox / "incidents"
    inbox.mkdir(parents=True)
    columns = [name for name in silver.columns if not name.startswith("_")]
    silver.select(columns).with_columns(severity=pl.lit("p1")).write_csv(inbox / "export.csv")
    return settings


@pytest.fixture(scope="module")
def site_url(home: Settings) -> Iterator[str]:
    before = read_current(home.layout)
    assert build_command(home, True, time.monotonic()) == 1
    assert read_current(home.layout) == before
    server = start_site_server(home.layout.site, "127.0.0.1", 0, home.site_base_path)
    yield f"http://127.0.0.1:{server.server_port}{home.site_base_path}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_says_what_is_broken_and_shows_the_last_good_figures(
    home: Settings, open_page: Callable[..., Page], visit: Callable[[Page, str, str], None], width: int
) -> None:
    page = open_page(width)
    visit(page, "/pipeline-health/", "Pipeline Health")
    expect(page.get_by_test_id("kpi-verdict")).to_have_text("Failing")
    current = read_current(home.layout)
    assert current
    expect(page.get_by_test_id("release-id")).to_have_text(current.release_id)
    broken = page.locator("article table").first
    expect(broken).to_contain_text("silver/incidents quarantine_rate")
    expect(broken).to_contain_text("severity")
    expect(page.get_by_role("img", name="error from")).not_to_have_count(0)
    assert page.evaluate("document.querySelector('main').scrollWidth <= document.querySelector('main').clientWidth")
