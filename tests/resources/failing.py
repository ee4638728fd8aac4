"""A small job with the real settings resource, whose steps fail in the ways that steps of the graph do."""

import logging
from collections.abc import Callable

import dagster as dg

from sentinel_orchestration.feeds.source import SourceError
from sentinel_orchestration.resources import DbtResource, SettingsResource
from sentinel_orchestration.settings import Settings

VALUE = "TWR-4711"  # stands for what a row holds


def fail_as_a_library() -> None:
    """An error of others, whose text quotes a row."""
    raise ValueError(f"cannot read {VALUE}")


def fail_as_ours() -> None:
    """An error of ours."""
    raise SourceError(f"Rows of '{VALUE}' have no time. The first is {VALUE}.")


def fail_on_purpose() -> None:
    """What an author says of a run that cannot go on."""
    raise dg.Failure(f"Nothing was released; the last good release stays.\nsilver/towers: {VALUE}", allow_retries=False)


def talk() -> None:
    """Logs of the package and of a library."""
    logging.getLogger("sentinel_orchestration.tests").info("ours says '%s'", VALUE)
    logging.getLogger("urllib3").warning("a library warns of %s. It goes on.", VALUE)
    logging.getLogger("urllib3").info("a library chats")


def run_step(
    settings: Settings,
    work: Callable[[], None],
    dbt: DbtResource | None = None,
    instance: dg.DagsterInstance | None = None,
) -> dg.ExecuteInProcessResult:
    """A run of one step, the asset silver/towers, that does the work, and then runs dbt if it is given."""

    @dg.asset(key=["silver", "towers"])
    def towers(context: dg.AssetExecutionContext, settings: SettingsResource) -> None:
        context.log.info("from the step")
        work()
        if dbt:
            dbt.invoke(["build"])

    definitions = dg.Definitions(
        assets=[towers],
        jobs=[dg.define_asset_job("small", [towers])],
        resources={"settings": SettingsResource.of(settings)},
    )
    with instance or dg.DagsterInstance.ephemeral() as here:
        job = definitions.resolve_job_def("small")
        tags = {"sentinel/command": "sentinel build"}
        return job.execute_in_process(instance=here, raise_on_error=False, tags=tags)
