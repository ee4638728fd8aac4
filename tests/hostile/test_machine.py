"""Input that could hang, kill or swell the process: pipes, rights, bombs. Each is read in a process of its own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.hostile.case import csv_of, json_lines

ALONE = Path(__file__).with_name("receive_alone.py")
NOBODY = 65534
MOST_MB = 600  # 150 MB of them are Python and its modules
UNPACKS = "unpack to over 256 MB. Check the program that wrote it; if the file is right, raise SENTINEL_MAX_EXPANSION."


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that any user may enter, as pytest's own folders may not be."""
    folder = Path(tempfile.mkdtemp(prefix="sentinel-hostile-"))
    folder.chmod(0o777)
    yield folder
    subprocess.run(["chmod", "-R", "u+rwx", str(folder)], check=True)
    shutil.rmtree(folder)


def inbox(home: Path) -> Path:
    folder = home / "inbox/sites"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def receive(home: Path, user: int | None = None) -> dict[str, Any]:
    user = os.getuid() if user is None else user
    done = subprocess.run(
        [sys.executable, str(ALONE), str(home), "sites", str(user)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_a_pipe_is_reported_and_never_waited_for(home: Path) -> None:
    (inbox(home) / "b.csv").write_text(csv_of("sites"))
    os.mkfifo(inbox(home) / "a.csv")
    answer = receive(home)
    assert answer["refused"] == ["a.csv: is a pipe, socket or device. Submit a regular file."]
    assert answer["good"] == 1


def test_a_file_that_may_not_be_read_is_reported(home: Path) -> None:
    (inbox(home) / "b.csv").write_text(csv_of("sites"))
    (inbox(home) / "a.csv").write_text(csv_of("sites"))
    (inbox(home) / "a.csv").chmod(0)
    answer = receive(home, user=NOBODY if os.getuid() == 0 else None)
    assert answer["refused"] == ["a.csv: cannot be opened (Permission denied). Let the user who runs Sentinel read it."]
    assert answer["good"] == 1


def test_a_folder_that_may_not_be_listed_is_no_empty_one(home: Path) -> None:
    (inbox(home) / "b.csv").write_text(csv_of("sites"))
    inbox(home).chmod(0)
    answer = receive(home, user=NOBODY if os.getuid() == 0 else None)
    assert answer["error"] == f"Permission denied: {home}/inbox/sites"


def long_text(path: Path) -> None:
    """20 GB of text: one megabyte in the dictionary, which 20,000 rows point at."""
    texts = pa.DictionaryArray.from_arrays(np.zeros(20_000, dtype="int8"), pa.array(["N" * 1_000_000]))
    pq.write_table(pa.table({"site_id": texts}), path, dictionary_pagesize_limit=2**24, store_schema=False)


def many_rows(path: Path) -> None:
    """50 million rows in one row group."""
    texts = pa.DictionaryArray.from_arrays(np.zeros(50_000_000, dtype="int8"), pa.array(["S1"]))
    table = pa.table({"site_id": texts})
    pq.write_table(table, path, row_group_size=50_000_000, compression="zstd", store_schema=False)


def short_lines(path: Path) -> None:
    """A header of 5,000 names and lines of one letter."""
    path.write_text(",".join(f"c{n}" for n in range(5000)) + "\n" + "x\n" * 30_000)


def empty_objects(path: Path) -> None:
    """An object of 5,000 keys, then empty ones."""
    path.write_text(json.dumps({f"c{n}": n for n in range(5000)}) + "\n" + "{}\n" * 30_000)


@pytest.mark.parametrize(
    ("name", "write"),
    [("a.parquet", long_text), ("a.parquet", many_rows), ("a.csv", short_lines), ("a.jsonl", empty_objects)],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(
    home: Path, name: str, write: Callable[[Path], None]
) -> None:
    write(inbox(home) / name)
    assert (inbox(home) / name).stat().st_size < 1_000_000
    answer = receive(home)
    (refused,) = answer["refused"]
    assert refused.startswith(f"{name}: its ")
    assert refused.endswith(UNPACKS)
    assert answer["peak_mb"] < MOST_MB


def test_a_column_nested_without_end_does_not_kill_the_process(home: Path) -> None:
    line = json_lines("sites").strip()[:-1] + ', "x": ' + "[" * 300 + "]" * 300 + "}\n"
    (inbox(home) / "a.jsonl").write_text(line)
    assert receive(home)["refused"] == ["a.jsonl: column x is nested over 32 levels deep. Flatten it or drop it."]


def test_brackets_without_end_do_not_kill_the_process(home: Path) -> None:
    (inbox(home) / "a.jsonl").write_text('{"x": ' + "[" * 200_000)
    (refused,) = receive(home)["refused"]
    assert refused.startswith("a.jsonl: line 1 is not JSON (")
