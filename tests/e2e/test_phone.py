"""Tables on a phone, 390 px: the column that a reader decides by is in view, and the first one stays while the rest scrolls."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.e2e.test_site import PAGES

pytestmark = pytest.mark.site

Visit = Callable[[Page, str, str], None]
WIDTH = 390

# Path → for each table, by its first heading, the last heading that has to be in view
DECIDING = {
    "/operations/": {
        "Tower": "Uptime, 7 d",
        "Incident": "Compared with resolved ones",
        "Mission": "Status",
        "Part": "Available",
    },
    "/sites/": {"Site": "Change, pp"},
    "/towers/": {"Tower": "vs before, pp", "Incident": "State", "Type": "Of target MTBF"},
    "/detection-analytics/": {"Class": "False positives", "Stage": "p90", "Site": "False positives"},
    "/reliability/": {
        "Type": "Against target",
        "Site": "Change is",
        "Tower": "pp per day",
        "Firmware": "Minutes lost per tower per day",
        "Root cause": "P1 or P2",
        "Part": "Advice",
        "Window to": "Against target",
    },
    "/pipeline-health/": {"Feed": "Quarantined share"},
}
CUT = """tables => tables.map(table => {
    const edge = (table.closest('.scrollbox, .scroll') ?? table).getBoundingClientRect().right;
    return [...table.querySelectorAll('thead tr:last-child th')].map(heading => {
        const end = heading.getBoundingClientRect().right - parseFloat(getComputedStyle(heading).paddingRight);
        return [heading.innerText.trim().replace(/\\s+/g, ' '), end - edge];
    });
})"""
SCROLLED = """tables => tables.map(table => {
    const [area, cell] = [table.closest('.scrollbox, .scroll'), [...table.rows].at(-1).cells[0]];
    if (!area) return 0; // it fits
    const before = cell.getBoundingClientRect().left;
    area.scrollLeft = area.scrollWidth;
    return before - cell.getBoundingClientRect().left;
})"""


@pytest.mark.parametrize(("path", "heading"), [row[:2] for row in PAGES])
def test_the_deciding_column_is_in_view(open_page: Callable[..., Page], visit: Visit, path: str, heading: str) -> None:
    page = open_page(WIDTH)
    visit(page, path, heading)
    tables = page.locator("article table:visible")
    found = tables.evaluate_all(CUT)  # how far each heading is beyond the edge
    for first, last in DECIDING.get(path, {}).items():
        wanted = [dict(headings) for headings in found if headings and headings[0][0] == first]
        assert any(headings.get(last, WIDTH) < 1 for headings in wanted), (first, last, wanted)
    assert all(moved < 1 for moved in tables.evaluate_all(SCROLLED)), "the first column of a table scrolls away"
