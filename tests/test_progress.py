"""What a person at a terminal sees of a build, from the events of a real one."""

import re
from io import StringIO

import dagster as dg
from rich.console import Console

from sentinel_orchestration.cli.progress import RunProgress, run_bar, step_count

STEPS = ("marts/fct_incidents", "reports/rpt_uptime_trend")
NODE = re.compile(r"^dbt: (\d+) of (\d+): ")


def test_a_build_is_followed_step_by_step_and_dbt_node_by_node(default_build):
    with run_bar(Console(file=StringIO())) as progress:
        follow, (bar,) = RunProgress(progress, step_count(with_report=False)), progress.tasks
        said = []
        for entry in default_build.instance.all_logs(default_build.outcome.run_id):
            follow(entry)
            said.append(bar.description)
    assert bar.finished
    assert set(follow.seconds) == {"receive", "gate", "checks", "dbt", "python marts", "publish"}
    assert all(spent > 0 for spent in follow.seconds.values())
    nodes = [tuple(map(int, found.groups())) for text in dict.fromkeys(said) if (found := NODE.match(text))]
    assert nodes
    assert max(total for _, total in nodes) >= max(len(_nodes(default_build, name)) for name in STEPS)
    for total in {total for _, total in nodes}:
        counts = [number for number, of in nodes if of == total]
        assert counts == sorted(set(counts))


def _nodes(build, name: str) -> list[object]:
    """The models, data tests and unit tests of a dbt step, by one of its models."""
    models = build.definitions.resolve_assets_def(dg.AssetKey(name.split("/")))
    return [*models.keys, *models.check_keys]
