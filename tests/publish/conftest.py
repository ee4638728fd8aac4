"""A manifest to start from."""

from collections.abc import Callable
from datetime import datetime

import pytest

from sentinel_orchestration.publish.manifest import Manifest, TableEntry


@pytest.fixture
def manifest_of() -> Callable[..., Manifest]:
    """A manifest of a release of this id, with some fields changed."""

    def make(release_id: str = "r1", **changes: object) -> Manifest:
        whole = Manifest(
            release_id=release_id,
            as_of=datetime(2026, 11, 21),
            as_of_basis="newest_event",
            published_at=datetime(2026, 11, 21, 0, 4, 9),
            git_revision="0123456789ab",
            verdict="passed with warnings",
            content_sha256="c" * 64,
            tables={"marts.t": TableEntry(rows=1, sha256="a" * 64)},
            dbt_digest="d" * 64,
            silver_versions={"telemetry": {"2026-11-20": "v1"}, "sites": {"": "v2"}},
            sources={"telemetry": "inbox", "sites": "absent"},
            batches={"telemetry": ["b1", "b2"], "sites": []},
            made_by={"gate": "2"},
            bytes=4096,
        )
        return whole.model_copy(update=changes)

    return make
