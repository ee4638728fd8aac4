from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.observe.graph import Runs


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    with Runs.at(tmp_path) as found:
        yield found
