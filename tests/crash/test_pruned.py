"""`sentinel prune` beside builds and beside itself, and killed: nothing that is used goes, and nothing stays in part."""

import pytest

from tests.automation.aged import age

DELETE = "sentinel_orchestration.automation.event_log.WarmSqliteEventLogStorage.delete_events"
POINTS = [
    ("pathlib.Path.unlink", 1, "after", "data/bronze"),  # the record of a batch, but not its file
    (DELETE, 1, "before", ""),
    (DELETE, 1, "after", ""),  # the events of a run, but not the run
]


def _all_is_well(home, content):
    assert home.content() == content
    assert home.leftovers() == []
    verified = home.start("verify").wait()
    assert verified.status == 0, verified.said


def killed_and_done_again(home, undisturbed):
    undisturbed.copy_to(home, builds=2)
    home.hour = undisturbed.hours[1]
    refused = home.path.parent / "refused.csv"
    for rows in ("tower_id\n1\n", "tower_id\n2\n"):
        refused.write_text(rows)
        assert home.start("ingest", str(refused), "--feed", "telemetry").wait().status == 1
    assert [home.start("rollback").wait().status for _ in range(3)] == [0, 2, 2]
    age(home.path)
    assert len(list(home.path.glob("data/bronze/telemetry/_refused/*"))) == 2
    for point in POINTS:
        home.kill("prune", at=point)
    done = home.start("prune").wait()
    assert done.status == 0, done.said
    assert not list(home.path.glob("data/bronze/telemetry/_refused/*"))
    assert "3 runs of rollback" in done.said
    again = home.start("prune").wait()
    assert "Nothing to remove" in again.said, again.said
    _all_is_well(home, undisturbed.contents[0])


def twice_at_once_beside_a_build(home, undisturbed):
    undisturbed.copy_to(home)
    home.hour = undisturbed.hours[1]
    age(home.path)
    with home.reading() as read:
        build = home.start()
        while build.is_alive():
            for run in [home.start("prune"), home.start("prune")]:
                assert run.wait().status == 0, run.said
    assert build.status == 0, build.said
    assert (read["seen"], read["torn"]) == ([release for release, _ in undisturbed.contents], [])
    _all_is_well(home, undisturbed.contents[1])


@pytest.mark.parametrize(
    "scenario", [killed_and_done_again, twice_at_once_beside_a_build], ids=lambda scenario: scenario.__name__
)
def test_pruned(two_by_two, scenario):
    two_by_two[scenario].result()
