"""Makes the site with Evidence: the app is compiled once per report project, and new data is rendered with it in seconds."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from sentinel_orchestration.files import scratch_folder
from sentinel_orchestration.lock import locked
from sentinel_orchestration.publish.evidence import (
    COPIED,
    COPIED_FILES,
    EXTENSION_SHA256,
    EXTENSION_VERSION,
    ReportError,
    find_node,
    prepare_project,
    run_script,
)
from sentinel_orchestration.settings import Settings

RENDER_TIMEOUT_SEC = 300  # it takes 10; without its parquet extension DuckDB waits for ever
TEMPLATE = Path(".evidence") / "template"  # where Evidence puts the SvelteKit project together, and compiles it
# What the data left in the template. The rest depends on the report project alone.
MADE_FROM_DATA = (
    ".evidence-queries",
    ".svelte-kit/output/client/data",
    ".svelte-kit/output/prerendered",
    "build",
    "static/data",
)
Say = Callable[[str], None]


def make_site(settings: Settings, database: Path, health: Path, log: Say, warn: Say) -> Path:
    """A folder below the scratch folder with the site of a release and of the pipeline's health; its index.html is at the top.

    Raises ReportError where Evidence fails.
    """
    apps, scratch = settings.layout.report_apps, settings.layout.report_scratch
    app = apps / _app_digest(settings)[:16]
    environment = {"SENTINEL_APP": app.name}
    with locked(apps / ".lock"):  # homes may share the folder: one compiles, and the others wait for it
        prepare_project(settings, scratch, {"sentinel": database, "health": health})
        run_script(scratch, "sources", environment, log)
        if app.exists():
            try:
                shutil.copytree(app, scratch / TEMPLATE, dirs_exist_ok=True)
                run_script(scratch, "render", environment, log, RENDER_TIMEOUT_SEC)
                return _site_in(scratch, settings)
            except (ReportError, OSError) as error:
                warn(f"The report is compiled again, which takes minutes: the app in {app} could not be used.\n{error}")
                shutil.rmtree(scratch / "build", ignore_errors=True)
        run_script(scratch, "build", environment, log)
        site = _site_in(scratch, settings)
        _keep(scratch / TEMPLATE, app)
        return site


def project_digest(settings: Settings) -> str:
    """sha256 over what the report is made from besides the data."""
    digest = hashlib.sha256(f"{settings.site_base_path} {EXTENSION_VERSION} {EXTENSION_SHA256}".encode())
    files = [path for name in COPIED for path in (settings.report_dir / name).rglob("*") if path.is_file()]
    for path in sorted([*files, *(settings.report_dir / name for name in COPIED_FILES)], key=Path.as_posix):
        digest.update(path.relative_to(settings.report_dir).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _app_digest(settings: Settings) -> str:
    _, version = find_node()
    return hashlib.sha256(f"{project_digest(settings)} {version}".encode()).hexdigest()


def _site_in(scratch: Path, settings: Settings) -> Path:
    built = scratch / "build"
    root = built / settings.site_base_path.strip("/") if settings.site_base_path else built
    index = root / "index.html" if root.exists() else built / "index.html"
    if not index.exists():
        raise ReportError(f"Evidence left no {index}. See the log of the step published/report.")
    return index.parent


def _keep(template: Path, app: Path) -> None:
    """Makes `template`, without what was made from data, the one app that is kept."""
    for name in MADE_FROM_DATA:
        shutil.rmtree(template / name, ignore_errors=True)
    with scratch_folder(app.parent) as partial:
        shutil.move(template, partial / app.name)
        for other in app.parent.glob("[!.]*"):
            shutil.rmtree(other, ignore_errors=True)
        os.replace(partial / app.name, app)
