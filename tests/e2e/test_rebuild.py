"""A report of new data is rendered with the app that was compiled before: the files of a full build, and the new figures."""

from __future__ import annotations

import gzip
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from conftest import SITE_BASE_PATH, SMALL, build_everything
from sentinel_orchestration.publish.site import build_site
from sentinel_orchestration.serve.site import start_site_server
from sentinel_orchestration.settings import Settings

pytestmark = pytest.mark.site

RENDERED, COMPILED = "Site rendered", "Build complete"
# Arrow files hold what was in memory where a value is null, and are named by their content.
NOT_THE_SAME = ("api/prerendered_queries/", "all-queries.json")
RANDOM_ID = re.compile(r'\b(?:id|for|aria-controls|aria-labelledby|aria-describedby)="[\w-]{10}"')


@pytest.fixture
def home(full_report: Settings, tmp_path: Path) -> Settings:
    """A home of the test's own, with a report that was built in full."""
    shutil.copytree(full_report.home, tmp_path, symlinks=True, dirs_exist_ok=True)
    return Settings(home=tmp_path, site_base_path=SITE_BASE_PATH, **SMALL)


@pytest.fixture
def site_url(home: Settings) -> Iterator[str]:
    server = start_site_server(home.layout.site, "127.0.0.1", 0, home.site_base_path)
    yield f"http://127.0.0.1:{server.server_port}{home.site_base_path}"
    server.shutdown()
    server.server_close()


def render(settings: Settings) -> None:
    """Builds the report, with the app that is there."""
    said: list[str] = []
    assert not build_site(settings, said.append, pytest.fail).unchanged
    assert RENDERED in said
    assert not [line for line in said if COMPILED in line]


def contents(site: Path) -> dict[str, bytes]:
    """Path → content of every file that is the same from build to build."""
    files = {path.relative_to(site).as_posix(): path for path in site.rglob("*") if path.is_file()}
    kept = {name: path for name, path in files.items() if not any(part in name for part in NOT_THE_SAME)}

    def content(path: Path) -> bytes:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return RANDOM_ID.sub("", raw.decode()).encode() if ".html" in path.suffixes else raw

    return {name: content(path) for name, path in kept.items()}


def test_the_files_are_those_of_a_full_build(home: Settings, tmp_path: Path) -> None:
    full = home.layout.site.resolve().rename(tmp_path / "full")
    render(home)
    rendered, built = contents(home.layout.site), contents(full)
    assert rendered.keys() == built.keys()
    assert [name for name in built if rendered[name] != built[name]] == []
    assert sum(name.endswith(".parquet") for name in built) > 20


def test_an_open_page_moves_on_to_the_new_figures(
    home: Settings, slim_project: Path, page: Page, visit: Callable[..., None]
) -> None:
    visit(page, "/operations/", "Operations")
    before = page.get_by_test_id("release-id").inner_text()

    changed = Settings(home=home.home, site_base_path=SITE_BASE_PATH, **SMALL | {"seed": 7, "towers": 9})
    built = build_everything(changed, slim_project)
    built.instance.dispose()
    assert built.outcome.succeeded, built.outcome.error
    render(changed)
    [(release_id, detections)] = built.query(
        "select release_id, (select count(*) from marts.fct_detection_events) from ops.release"
    )
    assert release_id != before

    page.evaluate("window.isOld = true")
    page.get_by_role("link", name="Detection Analytics").locator("visible=true").first.click()
    page.wait_for_function("!window.isOld")
    page.wait_for_load_state("networkidle")
    expect(page.get_by_test_id("release-id")).to_have_text(release_id)
    expect(page.get_by_test_id("kpi-detections")).to_have_attribute("data-value", str(detections))
    # The filter asks the files of the new release.
    [(site_name, of_site)] = built.query(
        "select site_name, count(*) from marts.fct_detection_events join marts.dim_site using (site_id)"
        " group by all order by all limit 1"
    )
    page.get_by_label("Site", exact=True).select_option(label=site_name)
    expect(page.get_by_test_id("kpi-detections")).to_have_attribute("data-value", str(of_site))


def test_a_page_that_stays_open_is_told_of_a_newer_release(page: Page, visit: Callable[..., None]) -> None:
    page.clock.install()
    visit(page, "/", "Fleet overview")
    notice = page.get_by_test_id("newer-release")
    expect(notice).to_have_count(0)
    page.clock.fast_forward(61_000)
    page.wait_for_load_state("networkidle")
    expect(notice).to_have_count(0)
    page.route("**/data/manifest.json", lambda route: route.fulfill(json={"renderedFiles": {}}))
    page.clock.fast_forward(61_000)
    expect(notice).to_contain_text("A newer release has been published.")
    page.unroute("**/data/manifest.json")
    notice.get_by_role("button").click()
    expect(page.locator("h1", has_text="Fleet overview")).to_be_visible()
    expect(notice).to_have_count(0)
