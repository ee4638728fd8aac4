"""The settings of a run: those of the code location, with what its run config changes."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Self

import dagster as dg

from sentinel_orchestration.lock import locked_while_alive
from sentinel_orchestration.resources.run_log import run_log
from sentinel_orchestration.settings import Settings


class SettingsResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """`values` are those of `Settings`, by name; they travel with the run's config to whatever process executes a step.

    While a step of a run works, the run's lock file under the instance folder is held: whoever can take it knows that the
    run's process is gone, however it ended. Meanwhile the run's log is kept.
    """

    values: dict[str, Any]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The resource of these settings."""
        return cls(values=settings.model_dump(mode="json", exclude_none=True))

    def load(self) -> Settings:
        """The settings, validated. Raises pydantic.ValidationError for a value in run config that breaks a rule."""
        return Settings(**self.values)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Self]:
        """Holds the run's lock file and keeps its log for as long as this process works on the run."""
        if context.run is None:
            yield self
            return
        settings, instance = self.load(), context.instance
        log = run_log(settings, instance, context.run) if instance else nullcontext()
        with locked_while_alive(settings.layout.run_lock(context.run.run_id)), log:
            yield self
