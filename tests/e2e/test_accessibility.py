"""axe finds nothing critical or serious on any page, on a desktop and on a phone, and charts say in words what they show."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import HERE, unpack_chromium
from tests.e2e.test_site import PAGES

pytestmark = pytest.mark.site

Visit = Callable[[Page, str, str], None]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}


@pytest.fixture(scope="session")
def axe() -> str:
    """The text of axe-core, from npm."""
    unpack_chromium()  # installs the folder's packages
    return (HERE / "node_modules/axe-core/axe.min.js").read_text("utf-8")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(("path", "heading"), [row[:2] for row in PAGES])
def test_axe_finds_nothing_serious(
    open_page: Callable[..., Page], visit: Visit, axe: str, path: str, heading: str, width: int
) -> None:
    page = open_page(width)
    visit(page, path, heading)
    page.evaluate(axe)
    found = page.evaluate(f"axe.run(document, {json.dumps(RULES)})")["violations"]
    serious = [
        f"{rule['impact']} {rule['id']}: {rule['help']}: {rule['nodes'][0]['html'][:200]}"
        for rule in found
        if rule["impact"] in ("critical", "serious")
    ]
    assert not serious, "\n".join(serious)


def test_charts_have_a_text(page: Page, visit: Visit) -> None:
    visit(page, "/operations/", "Operations")
    labels = page.locator("article [_echarts_instance_]").evaluate_all(
        "all => all.map(one => one.getAttribute('aria-label'))"
    )
    assert labels
    assert all(label and len(label) > 40 for label in labels), labels
