"""The report of the current release: built once per release, and swapped in whole."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from sentinel_orchestration.layout import WAREHOUSE_FILE, Layout
from sentinel_orchestration.publish.app import make_site, project_digest
from sentinel_orchestration.publish.evidence import ReportError
from sentinel_orchestration.publish.manifest import read_current
from sentinel_orchestration.publish.releases import SITE, point
from sentinel_orchestration.settings import Settings

DIGITS = 16  # of a digest in a name
Say = Callable[[str], None]


@dataclass(frozen=True)
class Site:
    """The report that is shown now."""

    release_id: str
    files: int
    size_bytes: int
    unchanged: bool


def build_site(settings: Settings, log: Say, warn: Say) -> Site:
    """Builds the report of the current release and the pipeline's health; one that was built from the same is left as it is.

    `log` gets what Evidence prints, `warn` why a build took minutes that should have taken seconds. Raises ReportError
    where nothing is released or Evidence fails; the report shown before stays.
    """
    layout = settings.layout
    current = read_current(layout)
    if current is None:
        raise ReportError("There is no release to build a report from. Run `sentinel build` first.")
    folder = layout.releases / current.release_id
    # A name of its own: the report shown may be of this release too.
    site = folder / f"{SITE}-{project_digest(settings)[:DIGITS]}-{_health_digest(layout)[:DIGITS]}"
    unchanged = site.exists()
    if not unchanged:
        try:
            os.replace(make_site(settings, folder / WAREHOUSE_FILE, layout.health, log, warn), site)
        finally:
            for scratch in (layout.report_scratch, layout.report_home):
                shutil.rmtree(scratch, ignore_errors=True)
    point(folder / SITE, site)
    if layout.current.resolve().name == current.release_id:  # else somebody rolled back meanwhile
        point(layout.site, folder / SITE)
    for other in folder.glob(f"{SITE}-*"):
        if other != site:
            shutil.rmtree(other, ignore_errors=True)
    files = [path for path in site.rglob("*") if path.is_file()]
    return Site(current.release_id, len(files), sum(path.stat().st_size for path in files), unchanged)


def shown_health(layout: Layout) -> str | None:
    """The head of the digest of the health that the report shows; None where none is shown."""
    return layout.site.resolve().name.rsplit("-", 1)[-1] if layout.site.exists() else None


def _health_digest(layout: Layout) -> str:
    try:
        with duckdb.connect(str(layout.health), read_only=True) as connection:
            (digest,) = connection.execute("select digest from digest").fetchall()[0]
            return str(digest)
    except duckdb.Error as error:
        raise ReportError(
            f"{layout.health} cannot be read: {str(error).splitlines()[0]}. Materialize observe/health, or run `sentinel build`."
        ) from error
