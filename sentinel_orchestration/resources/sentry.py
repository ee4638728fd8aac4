"""Failures, reported to the Sentry that SENTRY_DSN names. Without it nothing is sent, and its library is not imported."""

import logging
import os
from collections.abc import Mapping

from sentinel_orchestration.resources.failure import Failure
from sentinel_orchestration.revision import git_revision
from sentinel_orchestration.settings import PROJECT_DIR

LOG = logging.getLogger(__name__)
LONGEST_WAIT_SEC = 3.0  # for a Sentry that does not answer


def report(failure: Failure, tags: Mapping[str, str | None]) -> None:
    """Sends one event and waits for it to be gone, since a run's process may end without notice.

    It has no variables: they hold rows. A Sentry that cannot be reached stops nothing.
    """
    dsn = os.environ.get("SENTRY_DSN")
    if not dsn:
        return
    from sentry_sdk import Client
    from sentry_sdk.utils import BadDsn

    try:
        client = Client(
            dsn=dsn,
            release=f"sentinel@{git_revision(PROJECT_DIR)}",
            environment=os.environ.get("SENTRY_ENVIRONMENT") or "production",
            default_integrations=False,
            auto_enabling_integrations=False,
            send_default_pii=False,
            include_local_variables=False,
            include_source_context=False,
            max_breadcrumbs=0,
            auto_session_tracking=False,
            send_client_reports=False,
            enable_backpressure_handling=False,
            shutdown_timeout=LONGEST_WAIT_SEC,
        )
    except BadDsn:
        LOG.warning("SENTRY_DSN is not the address of a Sentry project, so no failure is reported.")
        return
    frames = [{"filename": file, "lineno": line, "function": name} for file, line, name in failure.frames]
    error = {"type": failure.kind, "value": failure.message} | ({"stacktrace": {"frames": frames}} if frames else {})
    client.capture_event(
        {
            "level": "error",
            "logger": "sentinel",
            "exception": {"values": [error]},
            "fingerprint": [tags.get("step") or "", failure.kind],
            "tags": {name: value for name, value in tags.items() if value},
        }
    )
    client.close()
