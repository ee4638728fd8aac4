"""The report's pages as dbt's exposures: one per page, which says what the page asks and the tables it reads."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sentinel_orchestration.settings import PROJECT_DIR
from tests.publish.report import PAGES, REPORT

EXPOSURES = Path(PROJECT_DIR, "dbt/models/exposures")
PARTIAL = re.compile(r'\{@partial "([^"]*)"\}')
CARD = re.compile(r'<PageCard href="([^"]*)" title="([^"]*)" question="([^"]*)"')
TABLE = re.compile(r"\b(?:marts|reports)\.(\w+)")
REFERENCE = re.compile(r"(?:ref\(|source\('python', )'(\w+)'\)")


def exposure(page: str) -> dict[str, Any]:
    path = EXPOSURES / f"{'overview' if page == 'index' else page.replace('-', '_')}.yml"
    assert path.exists(), f"{page}.md has no exposure: write {path.relative_to(PROJECT_DIR)}"
    [found] = yaml.safe_load(path.read_text(encoding="utf-8"))["exposures"]
    assert found["name"] == path.stem
    return dict(found)


def page_text(page: str) -> str:
    """A page with its partials."""
    text = (REPORT / "pages" / f"{page}.md").read_text(encoding="utf-8")
    return PARTIAL.sub(lambda partial: (REPORT / "partials" / partial[1]).read_text(encoding="utf-8"), text)


def tables_of(page: str) -> set[str]:
    """The tables of dbt and Python that the page reads, by way of the report's sources."""
    found = set()
    for query in re.findall(r"\bsentinel\.(\w+)", page_text(page)):
        sql = (REPORT / f"sources/sentinel/{query}.sql").read_text(encoding="utf-8")
        found |= set(TABLE.findall(re.sub(r"--.*", "", sql)))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_an_exposure_names_the_tables_that_the_page_reads(page: str) -> None:
    named = {REFERENCE.fullmatch(reference)[1] for reference in exposure(page).get("depends_on", [])}  # type: ignore[index]
    read = tables_of(page)
    assert not read - named, f"{page}.md reads {sorted(read - named)}; its exposure does not name them"
    assert not named - read, f"the exposure of {page}.md names {sorted(named - read)}; the page does not read them"


@pytest.mark.parametrize("page", PAGES)
def test_an_exposure_says_where_the_page_is_and_what_it_asks(page: str) -> None:
    found = exposure(page)
    cards = {href: (title, question) for href, title, question in CARD.findall(page_text("index"))}
    if page != "index":
        title = re.search(r"^title: (.*)$", page_text(page), re.MULTILINE)
        assert title
        assert (found["label"], found["url"]) == (title[1], f"/{page}/")
        if f"/{page}" in cards:  # the page of a drafted feed is not on the overview
            assert (found["label"], found["description"]) == cards[f"/{page}"]
    assert found["type"] == "dashboard"


def test_every_exposure_is_a_page() -> None:
    pages = {"overview" if page == "index" else page.replace("-", "_") for page in PAGES}
    assert {path.stem for path in EXPOSURES.glob("*.yml")} == pages
