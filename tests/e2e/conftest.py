"""What the browser tests stand on: a built site behind a local server, and a Chromium that reports everything.

Here belong the fixtures; what a page must show belongs in the test files.

Environment:
    SENTINEL_TEST_SITE      folder of a built site, at the root or under a sub-path (default: one is built for the session)
    SENTINEL_TEST_DATABASE  the DuckDB file that site was built from (default: the one beside it)
    SENTINEL_TEST_CHROMIUM  a Chromium to use (default: the system's, else the one of the npm package)
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from conftest import SITE_BASE_PATH, SMALL, Built
from sentinel_orchestration.lock import locked
from sentinel_orchestration.publish.assets import HEALTH_KEY, REPORT_KEY
from sentinel_orchestration.publish.site import build_site
from sentinel_orchestration.serve.site import start_site_server
from sentinel_orchestration.settings import Settings
from tests.health import know_health

HERE = Path(__file__).resolve().parent
expect.set_options(timeout=30_000)  # a busy machine is no defect of a page
UNPACKED = HERE / ".browser"
SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # No name resolves: a request off-host fails even where a test would overlook it.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


def base_path(site: Path) -> str:
    """The sub-path a site was built for, as its own start page says it: '' at the root, else like '/fleet'."""
    found = re.search(r'\bbase: "([^"]*)"', (site / "index.html").read_text("utf-8"))
    assert found, f"{site / 'index.html'} is not a page of the report"
    return found.group(1)


def unpack_chromium() -> dict[str, str]:
    """Install and unpack the pinned npm Chromium, once; returns its path and that of its libraries."""
    with locked(HERE / ".browser.lock"):  # tests run in several processes
        return _unpacked((HERE / "package-lock.json").read_text("utf-8"))


def _unpacked(wanted: str) -> dict[str, str]:
    record = UNPACKED / "unpacked.json"
    if record.exists():
        known: dict[str, str] = json.loads(record.read_text("utf-8"))
        if known.pop("locked") == wanted and Path(known["executable"]).exists():
            return known
    shutil.rmtree(UNPACKED, ignore_errors=True)
    UNPACKED.mkdir()
    subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=HERE, check=True, capture_output=True)
    answer = subprocess.run(
        ["node", "chromium.mjs"],
        cwd=HERE,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(UNPACKED)},
    )
    places: dict[str, str] = json.loads(answer.stdout)
    record.write_text(json.dumps({**places, "locked": wanted}), "utf-8")
    return places


def chromium_and_environment() -> tuple[str, dict[str, str]]:
    """A Chromium to start and what to add to its environment: only what the machine does not have itself."""
    named = os.environ.get("SENTINEL_TEST_CHROMIUM") or next(filter(None, map(shutil.which, SYSTEM_NAMES)), None)
    if named:
        return named, {}
    places = unpack_chromium()
    extra: dict[str, str] = {}
    linked = subprocess.run(["ldd", places["executable"]], capture_output=True, text=True, check=False).stdout
    if "not found" in linked:
        extra["LD_LIBRARY_PATH"] = places["libraries"]
    if not Path("/etc/fonts/fonts.conf").exists():
        config = UNPACKED / "fonts.conf"
        config.write_text(
            f"<fontconfig><dir>{UNPACKED / 'fonts'}</dir><cachedir>{UNPACKED / 'cache'}</cachedir></fontconfig>"
        )
        extra["FONTCONFIG_FILE"] = str(config)
    return places["executable"], extra


@pytest.fixture(scope="session")
def full_report(small_home: Built, shared_root: Path) -> Settings:
    """A small fleet's home with a report that was built in full, once for all test processes. Read it; do not change it."""
    home = shared_root / "full-report"
    with locked(shared_root / "full-report.lock"):
        if not home.exists():
            partial = home.with_suffix(".partial")
            shutil.copytree(small_home.settings.home, partial, symlinks=True)
            settings = Settings(home=partial, site_base_path=SITE_BASE_PATH, **SMALL)
            know_health(settings)
            build_site(settings, print, pytest.fail)
            partial.rename(home)
    return Settings(home=home, site_base_path=SITE_BASE_PATH, **SMALL)


@pytest.fixture(scope="session")
def share_app(full_report: Settings) -> Callable[[Settings], None]:
    """Lets a home use the app that was compiled for `full_report`: it builds its report in seconds."""

    def share(settings: Settings) -> None:
        settings.layout.report_apps.symlink_to(full_report.layout.report_apps)

    return share


@pytest.fixture(scope="session")
def site_dir(request: pytest.FixtureRequest) -> Path:
    """The built report: the one named by the environment, else one built from the session's default build."""
    named = os.environ.get("SENTINEL_TEST_SITE")
    if named:
        assert (Path(named) / "index.html").exists(), f"SENTINEL_TEST_SITE={named} holds no built report"
        return Path(named)
    build: Built = request.getfixturevalue("default_build")
    request.getfixturevalue("share_app")(build.settings)
    job = build.definitions.resolve_job_def("build")
    result = job.execute_in_process(
        instance=build.instance, asset_selection=[HEALTH_KEY, REPORT_KEY], raise_on_error=True
    )
    assert result.success
    return build.settings.layout.site


@pytest.fixture(scope="session")
def site_url(site_dir: Path) -> Iterator[str]:
    """Address of the site on 127.0.0.1, with its base path and without a slash at the end."""
    base = base_path(site_dir)
    server = start_site_server(site_dir, "127.0.0.1", 0, base)
    yield f"http://127.0.0.1:{server.server_port}{base}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def published(site_dir: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file that the site was built from, read-only, with the pipeline's health as `health`."""
    named = os.environ.get("SENTINEL_TEST_DATABASE")
    database = Path(named) if named else site_dir.resolve().parent / "sentinel.duckdb"
    health = site_dir.resolve().parents[3] / "observe" / "health.duckdb"
    with duckdb.connect() as connection:  # not on the file: whoever opens that in this process would see the other, too
        connection.execute(f"attach '{database}' as published (read_only); attach '{health}' as health (read_only)")
        connection.execute("use published")
        yield connection


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable, extra = chromium_and_environment()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=FLAGS, env={**os.environ, **extra})
        yield chromium
        chromium.close()


def watch(context: BrowserContext, host: str) -> list[str]:
    """Collect everything that must not happen in a page: errors, failed requests, requests off-host."""
    problems: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            problems.append(f"console: {message.text}")

    def on_request(request: Request) -> None:
        if not request.url.startswith((f"{host}/", "data:", "blob:")):
            problems.append(f"off-host: {request.url}")

    def on_failure(request: Request) -> None:
        # A page that is left before its prefetch ends drops it: harmless.
        dropped = request.failure == "net::ERR_ABORTED" and re.search(r"/prerendered_queries/\w+\.arrow$", request.url)
        if not dropped:
            problems.append(f"failed: {request.url} ({request.failure})")

    context.on("console", on_console)
    context.on("weberror", lambda error: problems.append(f"page error: {error.error}"))
    context.on("request", on_request)
    context.on("requestfailed", on_failure)
    context.on("response", lambda r: problems.append(f"status {r.status}: {r.url}") if r.status >= 400 else None)
    return problems


@pytest.fixture
def open_page(browser: Browser, site_url: str) -> Iterator[Callable[..., Page]]:
    """Opens pages in fresh contexts (viewport width, colour scheme); fails the test on anything `watch` collects."""
    contexts: list[BrowserContext] = []
    problems: list[list[str]] = []

    def opened(width: int = 1440, scheme: Any = "light") -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        problems.append(watch(context, "/".join(site_url.split("/")[:3])))
        return context.new_page()

    yield opened
    found = [problem for collected in problems for problem in collected]
    for context in contexts:
        context.close()
    assert not found, "\n".join(found)


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


@pytest.fixture
def visit(site_url: str) -> Callable[[Page, str, str], None]:
    """Opens a page by path and heading, and waits until its queries have answered and its charts are drawn."""

    def visited(page: Page, path: str, heading: str) -> None:
        page.goto(site_url + path, wait_until="load")
        expect(page.locator("h1", has_text=heading)).to_be_visible()
        page.wait_for_load_state("networkidle")
        expect(page.get_by_test_id("age")).to_contain_text(" ago")  # by the reader's clock: the page is alive
        expect(page.locator("article .animate-pulse:visible")).to_have_count(0)
        page.wait_for_timeout(1200)  # the charts' opening animation

    return visited
