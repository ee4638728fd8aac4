"""What the report says of feeds that are simulated, absent or still without rows: on a site that has one of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
from playwright.sync_api import Page, expect

from conftest import AS_OF, SITE_BASE_PATH, SMALL, Built, build_everything
from sentinel_orchestration.feeds.simulator import World, simulate_day
from sentinel_orchestration.layout import WAREHOUSE_FILE
from sentinel_orchestration.publish.manifest import read_current
from sentinel_orchestration.publish.site import build_site
from sentinel_orchestration.serve.site import start_site_server
from sentinel_orchestration.settings import Settings, window_days
from tests.health import know_health

pytestmark = pytest.mark.site

Visit = Callable[[Page, str, str], None]

SOURCES = {"towers": "simulator", "detections": "simulator", "incidents": "inbox"}
# Path, heading, and what the page says of its feeds: simulated, absent, without rows
NOTES = [
    (
        "/",
        "Fleet overview",
        "Simulated: detections and towers",
        "Absent: alert_pipeline, components, deployments, inventory, and sites.",
        "No rows yet: incidents",
    ),
    (
        "/operations/",
        "Operations",
        "Simulated: towers",
        "Absent: deployments, inventory, and sites.",
        "No rows yet: incidents",
    ),
    (
        "/sites/",
        "Sites",
        "Simulated: detections and towers",
        "Absent: components, deployments, and sites.",
        "No rows yet: incidents",
    ),
    (
        "/towers/",
        "Towers",
        "Simulated: detections and towers",
        "Absent: components, deployments, and sites.",
        "No rows yet: incidents",
    ),
    (
        "/detection-analytics/",
        "Detection Analytics",
        "Everything on this page is simulated.",
        "Absent: alert_pipeline and sites.",
        None,
    ),
    (
        "/reliability/",
        "Reliability",
        "Simulated: towers",
        "Absent: components, inventory, and sites.",
        "No rows yet: incidents",
    ),
    (
        "/pipeline-health/",
        "Pipeline Health",
        "Simulated: detections and towers",
        "Absent: alert_pipeline, components, deployments, inventory, and sites.",
        "No rows yet: incidents",
    ),
]
# Path → figures without a value, and what they need
WITHOUT_VALUE = {
    "/": {
        "open_incidents": "incidents",
        "short_parts": "inventory",
        "ack_overnight_min": "alert_pipeline",
        "types_below": "components",
        "worst_ratio": "components",
        "failures": "components",
        "spares_to_order": "components and inventory",
    },
    "/operations/": {"open_incidents": "incidents", "opened": "incidents", "short_parts": "inventory"},
    "/sites/": {"open_incidents": "incidents", "failures": "components"},
    "/towers/": {"open_incidents": "incidents", "active_deployments": "deployments"},
    "/detection-analytics/": {"ack_day_min": "alert_pipeline", "ack_overnight_min": "alert_pipeline"},
    "/reliability/": {
        "types_below": "components",
        "worst_ratio": "components",
        "failures": "components",
        "availability_pct": "components",
        "spares_to_order": "components and inventory",
    },
    "/pipeline-health/": {},
}
PAGES = [(path, heading) for path, heading, *_ in NOTES] + [("/data-dictionary/", "Data Dictionary")]
NO_VALUES = re.compile(r"\bNaN\b|\bnull\b|Invalid Date|\bundefined\b|\b0 of 0\b|\bInfinity\b|\binf\b|\[object")


@pytest.fixture(scope="module")
def built(
    slim_project: Path, share_app: Callable[[Settings], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Built]:
    """Telemetry as a file, towers and detections simulated, incidents expected but not here yet, and no other feed."""
    home = tmp_path_factory.mktemp("subset")
    lines = "".join(f"  {feed}: {source}\n" for feed, source in SOURCES.items())
    (home / "sources.yaml").write_text(f"default: absent\nfeeds:\n{lines}", encoding="utf-8")
    inbox = home / "inbox" / "telemetry"
    inbox.mkdir(parents=True)
    world = World(seed=42, sites=SMALL["sites"], towers=SMALL["towers"])
    days = [date.fromisoformat(day) for day in window_days(AS_OF, SMALL["days"])]
    pl.concat([simulate_day("telemetry", world, day, AS_OF) for day in days]).write_parquet(inbox / "readings.parquet")
    whole = build_everything(Settings(home=home, site_base_path=SITE_BASE_PATH, **SMALL), slim_project)
    assert whole.outcome.succeeded, whole.outcome.error
    share_app(whole.settings)
    know_health(whole.settings)
    build_site(whole.settings, print, pytest.fail)
    yield whole
    whole.instance.dispose()


@pytest.fixture(scope="module")
def site_url(built: Built) -> Iterator[str]:
    """Address of the report."""
    server = start_site_server(built.settings.layout.site, "127.0.0.1", 0, SITE_BASE_PATH)
    yield f"http://127.0.0.1:{server.server_port}{SITE_BASE_PATH}"
    server.shutdown()
    server.server_close()


def test_the_manifest_names_the_source_of_each_feed(built: Built) -> None:
    manifest = read_current(built.settings.layout)
    assert manifest is not None
    assert manifest.sources == dict.fromkeys(built.lake.contracts, "absent") | SOURCES | {"telemetry": "inbox"}


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(("path", "heading", "simulated", "absent", "empty"), NOTES)
def test_a_page_says_which_of_its_feeds_are_not_real(
    open_page: Callable[..., Page],
    visit: Visit,
    width: int,
    path: str,
    heading: str,
    simulated: str,
    absent: str,
    empty: str | None,
) -> None:
    page = open_page(width, "light" if width > 400 else "dark")
    visit(page, path, heading)
    notes = page.get_by_role("note", name="Feeds of this page")
    expect(notes).to_be_visible()
    expect(notes.get_by_test_id("simulated")).to_have_text(simulated)
    expect(notes.get_by_test_id("absent")).to_contain_text(absent)
    command = "sentinel ingest FILE --feed FEED"
    expect(notes.get_by_test_id("absent").locator("code")).to_have_text(command)
    said = notes.get_by_test_id("no-rows-yet").all_inner_texts()
    assert said == ([empty] if empty else [])
    assert "telemetry" not in notes.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("path", "heading"), PAGES)
def test_no_figure_is_made_of_rows_that_are_not_there(page: Page, visit: Visit, path: str, heading: str) -> None:
    visit(page, path, heading)
    found = NO_VALUES.findall(page.locator("article").inner_text())
    assert not found, f"{path} shows {found}"
    cards = page.locator(".kpi").evaluate_all(
        "cards => cards.map(card => [card.querySelector('.value').dataset.testid.slice(4), "
        "card.querySelector('.value').innerText.trim(), card.querySelector('.note').innerText.trim()])"
    )
    without = {name: note.removeprefix("needs ") for name, value, note in cards if value == "–"}
    expected = WITHOUT_VALUE.get(path, {})
    assert {name: without.get(name) for name in expected} == expected
    # Three days are too few to compare two spans of 14, and the rest has a value.
    assert set(without) - set(expected) <= {"falling_points"}


def test_a_part_without_its_feed_names_it(page: Page, visit: Visit) -> None:
    visit(page, "/operations/", "Operations")
    said = page.get_by_test_id("needs").all_inner_texts()
    assert said == [
        f"Nothing to show without {feed}." for feed in ("sites", "incidents", "incidents", "deployments", "inventory")
    ]
    for lie in ("No open incidents", "Every part is well stocked", "No site has coordinates"):
        expect(page.get_by_text(lie)).to_have_count(0)


def test_figures_of_the_feeds_that_are_there_are_those_of_the_release(page: Page, visit: Visit, built: Built) -> None:
    visit(page, "/operations/", "Operations")
    file = built.settings.layout.current / WAREHOUSE_FILE
    with duckdb.connect(str(file), read_only=True) as connection:
        row = connection.execute("""
            select
                (select count(*) from marts.dim_tower where status = 'active'),
                (select avg(avg_uptime_pct) from marts.fct_fleet_health_daily)
        """).fetchone()
    shown = [page.get_by_test_id(f"kpi-{name}").get_attribute("data-value") for name in ("active_towers", "uptime_pct")]
    assert row is not None
    assert [float(value or "nan") for value in shown] == pytest.approx(row)


def test_pipeline_health_calls_nothing_late_or_failed_that_is_not_there(page: Page, visit: Visit, built: Built) -> None:
    visit(page, "/pipeline-health/", "Pipeline Health")
    skipped, total = built.query(
        "select checks_skipped, checks_passed + checks_skipped + checks_warned + checks_failed from ops.release"
    )[0]
    assert skipped > 0
    expect(page.get_by_test_id("release-stamp")).to_contain_text(f"({total} checks, {skipped} skipped")
    rows = page.get_by_role("row", name=re.compile("^alert_pipeline")).locator("visible=true")
    expect(rows.first).to_contain_text("no data")
    expect(rows.last).to_contain_text("absent")
    watched = page.locator(".kpi", has=page.get_by_test_id("kpi-late_feeds")).locator(".note")
    expect(watched).to_have_text("of 2 with a limit, now")


def test_days_are_those_of_rows(built: Built) -> None:
    """A feed without rows has a placeholder in silver, under a day long ago."""
    days = [date.fromisoformat(day) for day in window_days(AS_OF, SMALL["days"])]
    assert built.query("select window_start, window_end from ops.release") == [(days[0], days[-1])]
    assert built.query("select distinct day from ops.feed_daily order by day") == [(day,) for day in days]
    assert built.query("select first_day from ops.feed_summary where feed = 'alert_pipeline'") == [(None,)]


def test_the_dictionary_says_how_to_fill_a_feed(page: Page, visit: Visit) -> None:
    visit(page, "/data-dictionary/", "Data Dictionary")
    expect(page.locator("#feed-components dl")).to_contain_text(
        "absent, until you run sentinel ingest FILE --feed components"
    )
    expect(page.locator("#feed-towers dl")).to_contain_text("simulated")
    expect(page.locator("#feed-telemetry dl")).to_contain_text("files in the inbox")
