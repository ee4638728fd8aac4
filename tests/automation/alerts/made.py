"""Incidents made by hand, for what needs no run."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sentinel_orchestration.observe.incidents import Incident

NOON = datetime(2026, 11, 29, 12)


def incident(id: str = "1a2b3c4d", **values: Any) -> Incident:  # noqa: A002
    """A failed check, open since an hour before noon, but for `values`."""
    usual: dict[str, Any] = {
        "id": id,
        "problem": f"check silver/towers {id}",
        "kind": "check",
        "subject": "silver/towers",
        "check_name": "rows_reconcile",
        "severity": "error",
        "domain": "fleet",
        "owner": "fleet-ops",
        "began_at": NOON - timedelta(hours=1),
        "opened_at": NOON - timedelta(hours=1),
        "last_failed_at": NOON - timedelta(hours=1),
        "resolved_at": None,
        "failures": 1,
        "run_id": "c4db9360-ea95-45be-a1ce-ea1479dd4ad5",
        "detail": "60 received = 58 good + 0 set aside + 0 duplicates",
        "acknowledged_at": None,
        "acknowledged_by": None,
        "acknowledged_why": None,
        "check_kind": "reconciliation",
        "rule": "Received = good + quarantined + superseded + duplicates.",
        "is_blocking": True,
    }
    return Incident(**usual | values)
