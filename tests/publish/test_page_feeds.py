"""The feeds that the pages name: each has a contract, and is among those that the page says something of at its top."""

import re
from pathlib import Path

import pytest

from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.settings import PROJECT_DIR

PAGES = Path(PROJECT_DIR, "evidence_reports/pages")
NOTES = re.compile(r'<FeedNotes \{feeds\}(?: of="([^"]*)")? />')
NEEDS = re.compile(r'<(?:Kpi [^>]*?needs|Needs \{feeds\} of)="([^"]*)"')


@pytest.mark.parametrize("path", sorted(PAGES.glob("*.md")), ids=lambda path: path.stem)
def test_what_a_page_needs_is_what_its_notes_name(path: Path) -> None:
    text, contracts = path.read_text(encoding="utf-8"), set(load_contracts())
    named = [set(names.split()) if names else contracts for names in NOTES.findall(text)]
    needed = {feed for names in NEEDS.findall(text) for feed in names.split()}
    if "sentinel.feeds" in text or needed:
        assert len(named) == 1, f"{path.name} shows data and has no notes on its feeds"
    assert needed <= set().union(*named) <= contracts
