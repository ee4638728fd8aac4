"""A file that is put into the inbox while `sentinel dev` runs is on the page without a command."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from conftest import SMALL, simulate_the_rest
from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.publish.manifest import read_current
from sentinel_orchestration.settings import Settings
from tests.automation.ui import environment
from tests.ports import free_port

pytestmark = pytest.mark.site

NAME = "Cape Disappointment"
LONGEST_SEC = 300


@pytest.fixture
def home(full_report: Settings, tmp_path: Path) -> Settings:
    """A home of the test's own, with a release and its report."""
    shutil.copytree(full_report.home, tmp_path, symlinks=True, dirs_exist_ok=True)
    ports = {"dagster_port": free_port(), "site_port": free_port()}
    return Settings(home=simulate_the_rest(tmp_path), site_base_path=full_report.site_base_path, **SMALL | ports)


@pytest.fixture
def dev(home: Settings) -> Iterator[Path]:
    """`sentinel dev`, as it starts for a person; the file that it writes its messages to."""
    variables = environment(home)
    del variables["SENTINEL_AUTOMATION"], variables["DAGSTER_HOME"]
    messages = home.home / "dev.log"
    with messages.open("w") as log:
        command = [Path(sys.executable).with_name("sentinel"), "dev"]
        process = subprocess.Popen(command, env=variables, stdout=log, stderr=log, start_new_session=True)
        try:
            yield messages
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(60)


def page_of(settings: Settings) -> str:
    address = f"http://127.0.0.1:{settings.site_port}{settings.site_base_path}/operations/"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return str(answer.read().decode())


def test_a_dropped_file_is_on_the_page(home: Settings, dev: Path) -> None:
    before = read_current(home.layout)
    folder = home.layout.inbox / "sites"
    folder.mkdir(parents=True)
    silver = pl.read_parquet(next(home.layout.silver.glob("sites/**/*.parquet")))
    renamed = silver.with_columns(
        site_name=pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(NAME)).otherwise("site_name")
    )
    columns = [name for name in renamed.columns if not name.startswith("_")]
    renamed.select(columns).write_csv(folder / "sites.csv")

    deadline = time.monotonic() + LONGEST_SEC
    while True:
        assert time.monotonic() < deadline, dev.read_text()[-3000:]
        try:
            if NAME in page_of(home):
                break
        except OSError:
            pass  # not up yet
        time.sleep(1)
    after = read_current(home.layout)
    assert before is not None
    assert after is not None
    assert after.release_id != before.release_id
    with open_instance(home) as instance:
        runs = instance.get_runs(dg.RunsFilter(tags={"dagster/sensor_name": "inbox"}))
        assert [run.job_name for run in runs] == ["build"]
