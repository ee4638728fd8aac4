"""kill -9 around every rename of publishing: small releases, so that each point has a reader and a release after it."""

import hashlib
import os
import time
from pathlib import Path

import pytest

PUBLISH, REPORT = (str(Path(__file__).with_name(name)) for name in ("publish_small.py", "report_small.py"))
REPLACE = "os.replace"
WRITE_TEXT = "pathlib.Path.write_text"
REMOVED = ".partial')), {"  # the new name, not the old one, is a temporary one: of a release that goes
POINTS = [
    *[(REPLACE, 1, when, name) for name in ("/releases/", "manifest.json", "/current") for when in ("before", "after")],
    (WRITE_TEXT, 1, "torn", "manifest.json"),
    ("sentinel_orchestration.publish.content.release_contents", 1, "during", ""),  # while the copy is made
    ("sentinel_orchestration.publish.releases.prune", 1, "before", ""),
    (REPLACE, 1, "before", REMOVED),
    (REPLACE, 1, "after", REMOVED),
    ("shutil.rmtree", 1, "during", "/releases/"),
    ("pathlib.Path.symlink_to", 1, "after", "current"),
]


def _publish(home, value, kill=None):
    return home.start(PUBLISH, str(value), kill=kill).wait()


def test_readers_see_the_old_release_or_the_new_one_wherever_publishing_dies(new_home):
    home = new_home()
    with home.reading() as read:
        for number, point in enumerate(POINTS):
            assert _publish(home, number, point).status == -9, point
            done = _publish(home, number)
            assert done.status == 0, done.said
            assert home.manifest()["release_id"] == f"r{number}"
            assert home.manifest()["previous_release_id"] == (f"r{number - 1}" if number else None)
            assert home.stale_files() == [], point
    assert read["torn"] == []
    assert set(read["seen"]) <= {f"r{number}" for number in range(len(POINTS))}
    assert len(read["seen"]) == len(set(read["seen"]))


def test_an_earlier_release_that_comes_again_keeps_its_file_and_its_report(new_home):
    home = new_home()
    for value in (1, 2):
        assert _publish(home, value).status == 0
    releases = home.current.parent / "releases"
    (releases / "r1" / "site").mkdir()
    before = (releases / "r1" / "sentinel.duckdb").stat().st_ino
    assert _publish(home, 1).status == 0
    assert home.current.resolve().name == "r1"
    assert home.manifest()["previous_release_id"] == "r2"
    assert (releases / "r1" / "sentinel.duckdb").stat().st_ino == before
    assert (releases / "r1" / "site").is_dir()


@pytest.fixture
def evidence(tmp_path, monkeypatch):
    """A Node and an npm that make the sha256 of the release's file a page, slowly, each in a process of its own."""
    tools = tmp_path / "tools"
    tools.mkdir()
    scripts = {
        "node": "echo v22.0.0",
        "npm": """[ "$3" = sources ] && exit
            sleep 0.3; mkdir -p build .evidence/template
            sha256sum < .published/sentinel.duckdb > build/index.html""",
    }
    for name, script in scripts.items():
        (tools / name).write_text(f"#!/bin/sh\n{script}\n")
        (tools / name).chmod(0o755)
    return {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize(
    "point",
    [
        ("sentinel_orchestration.publish.app.run_script", 2, "during", ""),
        ("shutil.move", 1, "after", "/report-apps/"),
        (REPLACE, 1, "before", "/report-apps/"),
        (REPLACE, 1, "after", "/report-apps/"),
        (REPLACE, 1, "before", "site-"),
        (REPLACE, 1, "after", "site-"),
        (REPLACE, 1, "before", "/data/site"),
        ("shutil.rmtree", 1, "before", "/releases/"),
    ],
    ids=lambda point: f"{point[2]} {point[0].rpartition('.')[2]} {point[3]}",
)
def test_the_report_shown_is_whole_wherever_its_build_dies(new_home, evidence, point):
    home = new_home()
    shown = home.path / "data" / "site" / "index.html"
    assert _publish(home, 1).status == 0
    r1 = hashlib.sha256((home.current / "sentinel.duckdb").read_bytes()).hexdigest()
    first = home.start(REPORT, **evidence).wait()
    assert first.status == 0, first.said
    # The same release under another sub-path: the report shown and the one to come are of one release.
    killed = home.start(REPORT, kill=point, SENTINEL_SITE_BASE_PATH="/fleet", **evidence).wait()
    assert killed.status == -9, killed.said
    assert shown.read_text().split()[0] == r1
    assert home.processes() == []
    again = home.start(REPORT, SENTINEL_SITE_BASE_PATH="/fleet", **evidence).wait()
    assert again.status == 0, again.said
    assert shown.read_text().split()[0] == r1
    assert home.stale_files() == []
    assert len(list(home.current.resolve().glob("site-*"))) == 1
    assert len(list((home.path / "data" / "report-apps").glob("[!.]*"))) == 1


def test_npm_ends_with_the_process_that_started_it(new_home, evidence, tmp_path):
    home = new_home()
    (tmp_path / "tools" / "npm").write_text("#!/bin/sh\nsleep 60 & sleep 60\n")
    assert _publish(home, 1).status == 0
    run = home.start(REPORT, **evidence)
    deadline = time.monotonic() + 20
    while len(home.processes(0)) < 4:
        assert time.monotonic() < deadline, home.processes()
        time.sleep(0.05)
    os.kill(run.number, 9)
    assert run.wait().status == -9
    assert home.processes() == []
