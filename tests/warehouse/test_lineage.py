"""Column lineage of what sqlglot cannot follow: there is none, and no word of it in the terminal."""

import logging

import pytest

from sentinel_orchestration.warehouse.lineage import trace

UNPIVOT = "with long as (unpivot (select a, b from t) on a, b into name n value v) select n, v from long"


def test_what_cannot_be_followed_is_not_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    node = {"depends_on": {"nodes": []}}
    with caplog.at_level(logging.WARNING):
        trace({"nodes": {"model.x": node}, "sources": {}}, "model.x", UNPIVOT)
    assert caplog.records == []
