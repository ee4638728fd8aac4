"""What a release says of itself: `manifest.json` beside its DuckDB file. docs/manifest.schema.json is its JSON schema."""

from datetime import datetime
from pathlib import Path
from typing import Literal

import duckdb
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sentinel_orchestration.feeds.source import SourceKind
from sentinel_orchestration.layout import WAREHOUSE_FILE, Layout

MANIFEST_FILE = "manifest.json"
Verdict = Literal["passed", "passed with warnings"]


class TableEntry(BaseModel):
    """A table of a release."""

    model_config = ConfigDict(frozen=True)

    rows: int = Field(ge=0, description="Number of rows.")
    sha256: str = Field(description="Digest of the rows, whatever their order; equal digests, equal content.")


class Manifest(BaseModel):
    """A release: what it holds, and everything it was made from."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    manifest_version: Literal[1] = Field(default=1, description="Version of this schema.")
    release_id: str = Field(
        min_length=1, description="as_of and the head of a digest of content, check results and silver."
    )
    previous_release_id: str | None = Field(default=None, description="The one that a rollback goes back to.")
    as_of: datetime = Field(
        description="The moment that everything current in the fleet's marts is relative to; naive UTC."
    )
    as_of_basis: str = Field(description="Why it is that one: setting, newest_event or newest_row.")
    published_at: datetime = Field(description="When it was published; naive UTC.")
    git_revision: str = Field(description="Head of the commit of the code that made it, or unknown.")
    verdict: Verdict = Field(
        description="How its checks went: a warning, or a failure of one that blocks nothing, counts."
    )
    content_sha256: str = Field(description="Digest over all tables but those of the schema ops.")
    tables: dict[str, TableEntry] = Field(description="schema.table → rows and digest, of every table in the file.")
    dbt_digest: str = Field(description="Digest of the dbt project.")
    silver_versions: dict[str, dict[str, str]] = Field(
        description="feed → day ('' for a snapshot) → version of silver."
    )
    sources: dict[str, SourceKind] = Field(
        default={}, description="feed → where its rows come from; empty in a release that is older than this field."
    )
    batches: dict[str, list[str]] = Field(description="feed → ids of the batches in bronze.")
    made_by: dict[str, str] = Field(description="name → version of everything but data that the rows depend on.")
    bytes: int = Field(ge=0, description="Size of the DuckDB file.")


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of the release in `folder`; None where there is none, it cannot be read, or its file is gone."""
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST_FILE).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
    return manifest if (folder / WAREHOUSE_FILE).exists() else None


def read_current(layout: Layout) -> Manifest | None:
    """The manifest of the current release; None where there is none that can be read."""
    return read_manifest(layout.current)


def damage(folder: Path) -> str | None:
    """Why the release in `folder` cannot be used; None where it can: its file opens and is the one of its manifest."""
    manifest = read_manifest(folder)
    if manifest is None:
        torn = (folder / MANIFEST_FILE).exists()
        return f"{folder / MANIFEST_FILE} is {'damaged' if torn else 'missing'}, or the file beside it"
    path = folder / WAREHOUSE_FILE
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute("select release_id from ops.release").fetchall()
    except duckdb.Error as error:
        return f"{path} cannot be read: {str(error).splitlines()[0].rstrip('.! ')}"
    if found != [(manifest.release_id,)] or manifest.bytes != path.stat().st_size:
        return f"{path} is not the file of release {manifest.release_id}"
    return None
