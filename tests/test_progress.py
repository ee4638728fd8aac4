"""What a person at a terminal sees of a build, from the events of a real one."""

import re
from io import StringIO

import dagster as dg
from rich.console import Console

from sentinel_orchestration.progress import RunProgress, run_bar, step_count

NODE = re.compile(r"^dbt: (\d+) of (\d+): ")


def test_a_build_is_followed_step_by_step_and_dbt_node_by_node(default_build):
    with run_bar(Console(file=StringIO())) as progress:
        follow, (bar,) = RunProgress(progress, step_count(with_report=False)), progress.tasks
        said = []
        for entry in default_build.instance.all_logs(default_build.outcome.run_id):
            follow(entry)
            said.append(bar.description)
    assert bar.finished
    assert set(follow.seconds) == {"receive", "gate", "checks", "dbt", "publish"}
    assert follow.seconds["dbt"] == max(follow.seconds.values())
    nodes = [tuple(map(int, found.groups())) for text in dict.fromkeys(said) if (found := NODE.match(text))]
    assert nodes == sorted(set(nodes))
    assert nodes
    assert {total for _, total in nodes} == {len(_nodes(default_build))}


def _nodes(build) -> list[object]:
    """The models, data tests and unit tests of the dbt step."""
    models = build.definitions.resolve_assets_def(dg.AssetKey(["marts", "fct_incidents"]))
    return [*models.keys, *models.check_keys]
