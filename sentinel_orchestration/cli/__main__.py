"""`python -m sentinel_orchestration.cli`."""

from sentinel_orchestration.cli import app

app()
