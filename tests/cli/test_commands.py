"""The command a newcomer types: help, and one clear error for a wrong input."""

import os
import subprocess
from pathlib import Path

import pytest

from sentinel_orchestration.cli import app
from tests.cli.commands import SENTINEL, run_sentinel


@pytest.mark.parametrize(
    "command", [known.name or known.callback.__name__.replace("_", "-") for known in app.registered_commands]
)
def test_help_of_each_command_has_an_example(tmp_path, command):
    done = run_sentinel(tmp_path, command, "--help")
    assert done.returncode == 0
    assert "Example: " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (["build", "--days", "0"], {}, "SENTINEL_DAYS=0: Input should be greater than or equal to 1"),
        (["build"], {"SENTINEL_SEED": "x"}, "SENTINEL_SEED='x'"),
        (["build", "--as-of", "yesterday"], {}, "SENTINEL_AS_OF='yesterday'"),
        (["build", "--as-of", "20261101"], {}, "SENTINEL_AS_OF='20261101': Write a date or a time: 2026-11-01, "),
        (["build", "--as-of", "0001-01-01"], {}, "The year must be from 2000 to 2100."),
        (["build", "--as-of", "9999-12-31T23:00"], {}, "The year must be from 2000 to 2100."),
        (["build"], {"SENTINEL_TOWRES": "9"}, "SENTINEL_TOWRES is not a setting. Did you mean SENTINEL_TOWERS?"),
        (
            ["ingest", "."],
            {"SENTINEL_HOME": "/tmp/a[b]"},
            "The path contains [ and ], from which databases read a pattern.",
        ),
        (["ingest", "nowhere.csv"], {}, "nowhere.csv: no such file or folder"),
        (["ingest", ".", "--feed", "radar"], {}, "--feed radar: no such feed"),
        (["rollback"], {}, "There is no release yet"),
        (["rejudge", "radar", "--reason", "x"], {}, "radar: no such feed"),
        (["rejudge", "sites", "--reason", "x"], {}, "sites has no such batch that somebody provided. There are: none."),
        (["verify"], {}, "There is no release to verify"),
    ],
)
def test_a_wrong_input_gets_one_clear_error_and_leaves_nothing(tmp_path, arguments, variables, said):
    done = run_sentinel(tmp_path, *arguments, **variables)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "published").exists()


def test_an_output_that_cannot_be_written_is_not_called_a_full_disk(tmp_path):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [SENTINEL, "init"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"SENTINEL_HOME": str(tmp_path)},
        )
    assert done.returncode == 2
    said = "sentinel: stdout: No space left on device. Send the output to another place and run the same again.\n"
    assert done.stderr == said


def test_a_failed_build_speaks_of_files_and_feeds_not_of_steps(tmp_path):
    folder = tmp_path / "inbox" / "sites"
    folder.mkdir(parents=True)
    (folder / "sites.csv").write_text("site,name\nA,North\n")
    done = run_sentinel(tmp_path, "build", "--no-report")
    assert done.returncode == 1
    assert (
        "Nothing was released. bronze/sites: No rows of sites were received. sites.csv: column site_id" in done.stdout
    )
    for internal in ("Dependencies for step", "STEP_FAILURE", "bronze__sites", "Traceback"):
        assert internal not in done.stdout + done.stderr
