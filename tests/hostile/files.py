"""Files that are damaged, misnamed, of the wrong kind, or no files at all."""

import base64
import gzip
import io
import json
import os
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
from pyarrow.parquet import encryption

from tests.hostile.case import NO_ROWS, Accepted, Case, Quarantined, Refused, csv_of, json_lines, one, parquet, table

SITES = table("sites", *({"site_id": f"S{n:04}", "lat": n / 100} for n in range(2000)))
WHOLE = parquet(SITES, compression="zstd")
NORTH = Accepted({"site_id": ["S1"], "site_name": ["North Rim"]})
DAMAGED = "The file is damaged or incomplete: export it again."


def flipped(data: bytes) -> bytes:
    """The file with bytes changed inside its first data page; its footer stays whole."""
    return data[:40] + bytes(byte ^ 0xFF for byte in data[40:80]) + data[80:]


def arrow(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc(buffer)
    return buffer.getvalue()


def encrypted(has_plain_footer: bool) -> bytes:
    """A parquet file whose columns are encrypted, by a key that is kept in clear text."""

    class Keys(encryption.KmsClient):
        def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
            return base64.b64encode(key_bytes)

        def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:
            return base64.b64decode(wrapped_key)

    rows, buffer = SITES.to_arrow(), io.BytesIO()
    keys = encryption.EncryptionConfiguration("footer", column_keys={"key": ["lat"]}, plaintext_footer=has_plain_footer)
    factory = encryption.CryptoFactory(lambda _: Keys())
    properties = factory.file_encryption_properties(encryption.KmsConnectionConfig(), keys)
    with pq.ParquetWriter(buffer, rows.schema, encryption_properties=properties) as writer:
        writer.write_table(rows)
    return buffer.getvalue()


def spark_folder(path: Path) -> None:
    path.mkdir(parents=True)
    (path / "_SUCCESS").touch()
    for part in range(2):
        table("sites", {"site_id": f"S{part}"}).write_parquet(path / f"part-{part}.parquet")


def delta_table(path: Path) -> None:
    """As Delta Lake leaves it when the first file was replaced by the second."""
    spark_folder(path)
    log = path / "_delta_log"
    log.mkdir()
    actions = [
        {"add": {"path": "part-0.parquet"}},
        {"remove": {"path": "part-0.parquet"}},
        {"add": {"path": "part-1.parquet"}},
    ]
    for number, action in enumerate(actions):
        (log / f"{number:020}.json").write_text(json.dumps(action))


def iceberg_table(path: Path) -> None:
    spark_folder(path / "data/region=West")
    (path / "metadata").mkdir()
    (path / "metadata/00000-5f.metadata.json").write_text('{"format-version": 2}')
    (path / "metadata/snap-1.avro").write_bytes(b"Obj\x01")


def folder_called_metadata(path: Path) -> None:
    spark_folder(path)
    (path / "metadata").mkdir()


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
    one("header only", "sites", "a.csv", csv_of("sites").splitlines()[0] + "\n", NO_ROWS),
    one("parquet without rows", "sites", "a.parquet", parquet(SITES.clear()), NO_ROWS),
    one("JSON lines without rows", "sites", "a.jsonl", "\n\n", Refused("Write one JSON object per line")),
    one("parquet cut in half", "sites", "a.parquet", WHOLE[: len(WHOLE) // 2], Refused(DAMAGED)),
    one("parquet without its last byte", "sites", "a.parquet", WHOLE[:-1], Refused(DAMAGED)),
    one("parquet of 4 bytes", "sites", "a.parquet", b"PAR1", Refused(DAMAGED)),
    one("parquet with flipped bytes in a page", "sites", "a.parquet", flipped(WHOLE), Refused(DAMAGED)),
    one("parquet with an invented footer size", "sites", "a.parquet", b"PAR1" + b"\xff" * 60 + b"\xff\xff\xff\x7fPAR1",
        Refused(DAMAGED)),
    one("CSV called parquet", "sites", "a.parquet", csv_of("sites"),
        Refused("the name says parquet, but it is not a parquet file. Correct the suffix.")),
    one("gzip called parquet", "sites", "a.parquet", gzip.compress(WHOLE), Refused("is compressed (gzip). Unpack it")),
    one("encrypted parquet", "sites", "a.parquet", encrypted(has_plain_footer=False),
        Refused("is an encrypted parquet file. Export it without encryption.")),
    one("parquet with an encrypted column", "sites", "a.parquet", encrypted(has_plain_footer=True),
        Refused("is encrypted. Export it without encryption.")),
    one("Arrow called parquet", "sites", "a.parquet", arrow(SITES),
        Refused("is an Arrow (Feather) file. Export it as parquet.")),
    one("a database called CSV", "sites", "a.csv", b"SQLite format 3\0" + bytes(84),
        Refused("is a SQLite database. Export its table as CSV.")),
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
        Refused("links to /nowhere/x.csv, which does not exist. Fix the link.", good=1)),
    one("a link to a folder", "sites", "a", linked_folder, Refused("is a link to a folder. Link to its files")),
    one("a folder called x.parquet", "sites", "x.parquet", spark_folder, Accepted({"site_id": ["S0", "S1"]})),
    one("a folder with one called metadata", "sites", "x", folder_called_metadata, Accepted({"site_id": ["S0", "S1"]})),
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
