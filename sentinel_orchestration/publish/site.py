"""The report of the published build: built once a build, swapped in whole.

Belongs here: when a report is built and which one is shown. Does not belong here: running Evidence (evidence).
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sentinel_orchestration.publish.evidence import COPIED, COPIED_FILES, ReportError, prepare_project, run_script
from sentinel_orchestration.publish.swap import SITE, point
from sentinel_orchestration.settings import Settings
from sentinel_orchestration.warehouse.published import DATABASE_NAME, read_published


@dataclass(frozen=True)
class Site:
    """The report that is shown now."""

    build_id: str
    files: int
    size_bytes: int
    unchanged: bool


def build_site(settings: Settings, log: Callable[[str], None]) -> Site:
    """Builds the report of the published build and shows it; one that was built from the same is left as it is.

    Raises ReportError where nothing is published or Evidence fails; the report shown before stays.
    """
    published = read_published(settings)
    if published is None:
        raise ReportError("Nothing is published to build a report from. Run `sentinel build` first.")
    build_id = str(published["build_id"])
    folder = (settings.published_dir / "builds" / build_id).resolve()
    site = (
        folder / f"{SITE}-{_project_digest(settings)[:16]}"
    )  # a name of its own: the one shown may be of this build too
    unchanged = site.exists()
    if not unchanged:
        scratch = settings.report_scratch
        prepare_project(settings, scratch, folder / DATABASE_NAME)
        environment = {"SENTINEL_BUILD_ID": build_id}
        run_script(scratch, "sources", environment, log)
        run_script(scratch, "build", environment, log)
        built = scratch / "build"
        root = built / settings.site_base_path.strip("/") if settings.site_base_path else built
        index = root / "index.html" if root.exists() else built / "index.html"
        if not index.exists():
            raise ReportError(f"evidence build left no {index}. See the log of the step published/report.")
        os.replace(index.parent, site)
        shutil.rmtree(scratch, ignore_errors=True)
    point(folder / SITE, site)
    point(settings.site_dir, folder / SITE)
    for other in folder.glob(f"{SITE}-*"):
        if other != site:
            shutil.rmtree(other, ignore_errors=True)
    files = [path for path in site.rglob("*") if path.is_file()]
    return Site(build_id, len(files), sum(path.stat().st_size for path in files), unchanged)


def _project_digest(settings: Settings) -> str:
    """sha256 over what the report is made from besides the data."""
    digest = hashlib.sha256(settings.site_base_path.encode())
    files = [path for name in COPIED for path in (settings.report_dir / name).rglob("*") if path.is_file()]
    for path in sorted([*files, *(settings.report_dir / name for name in COPIED_FILES)], key=Path.as_posix):
        digest.update(path.relative_to(settings.report_dir).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
