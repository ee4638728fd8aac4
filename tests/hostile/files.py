"""Files that are damaged, misnamed, of the wrong kind, or no files at all."""

import gzip
import os
from pathlib import Path

import polars as pl

from tests.hostile.case import Accepted, Case, Quarantined, Refused, csv_of, json_lines, one, parquet, table

SITES = table("sites", *({"site_id": f"S{n:04}", "lat": n / 100} for n in range(2000)))
WHOLE = parquet(SITES, compression="zstd")
NORTH = Accepted({"site_id": ["S1"], "site_name": ["North Rim"]})
DAMAGED = "The file is damaged or incomplete: export it again."


def flipped(data: bytes) -> bytes:
    """The file with bytes changed inside its first data page; its footer stays whole."""
    return data[:40] + bytes(byte ^ 0xFF for byte in data[40:80]) + data[80:]


def spark_folder(path: Path) -> None:
    path.mkdir()
    (path / "_SUCCESS").touch()
    for part in range(2):
        table("sites", {"site_id": f"S{part}"}).write_parquet(path / f"part-{part}.parquet")


def linked(path: Path) -> None:
    target = path.parents[2] / "elsewhere.csv"
    target.write_text(csv_of("sites"))
    path.symlink_to(target)


def linked_to_nowhere(path: Path) -> None:
    path.symlink_to("/nowhere/x.csv")


def linked_folder(path: Path) -> None:
    target = path.parents[2] / "elsewhere"
    target.mkdir()
    (target / "a.csv").write_text(csv_of("sites"))
    path.symlink_to(target)


CASES = [
    one("0 bytes", "sites", "a.parquet", b"", Refused("the file is empty (0 bytes). Export it again.")),
    one("header only", "sites", "a.csv", csv_of("sites").splitlines()[0] + "\n", Refused("holds no rows.")),
    one("parquet without rows", "sites", "a.parquet", parquet(SITES.clear()), Refused("holds no rows.")),
    one("JSON lines without rows", "sites", "a.jsonl", "\n\n", Refused("Write one JSON object a line")),
    one("parquet cut in half", "sites", "a.parquet", WHOLE[: len(WHOLE) // 2], Refused(DAMAGED)),
    one("parquet without its last byte", "sites", "a.parquet", WHOLE[:-1], Refused(DAMAGED)),
    one("parquet of 4 bytes", "sites", "a.parquet", b"PAR1", Refused(DAMAGED)),
    one("parquet with flipped bytes in a page", "sites", "a.parquet", flipped(WHOLE), Refused(DAMAGED)),
    one("parquet with an invented footer size", "sites", "a.parquet", b"PAR1" + b"\xff" * 60 + b"\xff\xff\xff\x7fPAR1",
        Refused(DAMAGED)),
    one("CSV called parquet", "sites", "a.parquet", csv_of("sites"),
        Refused("the name says parquet, but it is not a parquet file. Give it its right suffix.")),
    one("parquet called CSV", "sites", "a.csv", WHOLE, Refused("the name says csv, but it is a parquet file.")),
    one("parquet called JSON lines", "sites", "a.jsonl", WHOLE,
        Refused("the name says jsonl, but it is a parquet file.")),
    one("a spreadsheet", "sites", "a.xlsx", b"PK\x03\x04",
        Refused("unknown kind of file. Use one of .parquet, .pq, .csv")),
    one("a spreadsheet called CSV", "sites", "a.csv", b"PK\x03\x04" + b"\xfe" * 50,
        Refused("is compressed (zip). Unpack it")),
    one("no suffix", "sites", "export", csv_of("sites"), Refused("unknown kind of file.")),
    one("suffix in capitals", "sites", "A.CSV", csv_of("sites"), NORTH),
    one("gzip called CSV", "sites", "a.csv", gzip.compress(csv_of("sites").encode()),
        Refused("is compressed (gzip). Unpack it")),
    one("gzip called JSON lines", "sites", "a.jsonl", gzip.compress(json_lines("sites").encode()),
        Refused("is compressed (gzip).")),
    one("gzip by its name", "sites", "a.csv.gz", gzip.compress(csv_of("sites").encode()),
        Refused("unknown kind of file.")),
    one("a name with everything in it", "sites", "a\n[red]{0}%s'\";--<b>*?.csv", csv_of("sites", {"env": "moon"}),
        Quarantined({"env.allowed": 1})),
    one("a name that is not UTF-8", "sites", os.fsdecode(b"caf\xe9.csv"), csv_of("sites"),
        Refused("its name is not UTF-8. Rename it.")),
    one("a link to a file", "sites", "a.csv", linked, NORTH),
    Case("a link to nowhere, beside a file", "sites", {"a.csv": linked_to_nowhere, "b.csv": csv_of("sites")},
        Refused("links to /nowhere/x.csv, which is not there. Mend the link.", good=1)),
    one("a link to a folder", "sites", "a", linked_folder, Refused("links to a folder. Link to its files")),
    one("a folder called x.parquet", "sites", "x.parquet", spark_folder, Accepted({"site_id": ["S0", "S1"]})),
    Case("a file beside an empty folder", "sites", {"x.parquet": Path.mkdir, "b.csv": csv_of("sites")}, NORTH),
    Case("a refused file does not take the others with it", "sites",
        {"a.csv": "id\n7\n", "b.csv": csv_of("sites"), "c.csv": csv_of("sites", {"site_id": "S2"})},
        Refused("column site_id, site_name", good=2)),
    Case("a thousand files at once", "sites",
        {f"{n:04}.csv": csv_of("sites", {"site_id": f"S{n:04}"}) for n in range(1000)},
        Accepted({"site_id": [f"S{n:04}" for n in range(1000)]})),
    Case("one content under three names", "sites", dict.fromkeys(["a.csv", "b.csv", "c.csv"], csv_of("sites")), NORTH),
    one("ten thousand columns in CSV", "sites", "a.csv", csv_of("sites", {f"c{n}": n for n in range(10_000)}), NORTH),
    one("ten thousand columns in parquet", "sites", "a.parquet",
        parquet(table("sites").with_columns(pl.lit(n).alias(f"c{n}") for n in range(10_000))), NORTH),
]  # fmt: skip
