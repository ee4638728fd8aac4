"""The app is compiled once per report project; what goes wrong with a kept one costs time, not the report."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sentinel_orchestration.publish.app import make_site
from sentinel_orchestration.publish.evidence import ReportError
from sentinel_orchestration.settings import Settings

# What `evidence` does, as far as files go: the app comes from `build`, and rows are in what was made from data.
NPM = """#!/bin/sh
echo "$3" >> ../../calls
template=.evidence/template
case "$3" in
sources)
    [ ! -e ../../fail-sources ] || { echo "a query is wrong"; exit 1; }
    mkdir -p $template/static/data
    cp .published/sentinel.duckdb $template/static/data/rows
    ;;
build)
    mkdir -p build $template/.svelte-kit/output/client/data $template/.svelte-kit/output/prerendered $template/.evidence-queries
    for place in .svelte-kit/output/client/data .svelte-kit/output/prerendered .evidence-queries; do
        cp .published/sentinel.duckdb $template/$place/rows
    done
    echo compiled > $template/app.js
    cat .published/sentinel.duckdb > build/index.html
    ;;
render)
    mkdir build
    echo half > build/half.html
    grep -q compiled $template/app.js || { echo "app.js is no app"; exit 1; }
    ! grep -rl . $template --include=rows | grep -v static/data || { echo "old rows in the app"; exit 1; }
    mv build/half.html build/index.html
    cat $template/static/data/rows > build/index.html
    ;;
esac
"""


class Report:
    """Builds reports in one home, with an Evidence that only moves files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warnings: list[str] = []
        self.said: list[str] = []

    def settings(self, base_path: str = "") -> Settings:
        return Settings(home=self.folder, site_base_path=base_path)

    def build(self, rows: str, base_path: str = "") -> list[str]:
        """Builds a report of `rows`; the scripts that were run for it."""
        (self.folder / "calls").unlink(missing_ok=True)
        database = self.folder / "release.duckdb"
        database.write_text(rows)
        site = make_site(self.settings(base_path), database, database, self.said.append, self.warnings.append)
        assert {path.name: path.read_text() for path in site.iterdir()} == {"index.html": rows}
        return self.calls()

    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().split()

    def apps(self) -> list[Path]:
        return list(self.settings().layout.report_apps.glob("[!.]*"))


@pytest.fixture
def set_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a Node that is of some version on the PATH, and an npm that does what NPM says."""
    tools = tmp_path / "tools"
    tools.mkdir()
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")

    def put(version: str) -> None:
        for name, script in (("npm", NPM), ("node", f"#!/bin/sh\necho {version}\n")):
            (tools / name).write_text(script)
            (tools / name).chmod(0o755)

    put("v22.0.0")
    return put


@pytest.fixture
def report(tmp_path: Path, set_node: Callable[[str], None]) -> Report:
    return Report(tmp_path)


FULL, RENDERED = ["sources", "build"], ["sources", "render"]


def test_new_rows_are_rendered_with_the_app_that_is_there(report: Report) -> None:
    assert report.build("old rows") == FULL
    assert report.build("new rows") == RENDERED
    assert report.warnings == []


@pytest.mark.parametrize("change", ["base path", "Node", "extension", "page"])
def test_what_the_app_is_made_from_makes_it_anew(
    report: Report, set_node: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, change: str, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    shutil.copytree(report.settings().report_dir, project, ignore=shutil.ignore_patterns("node_modules"))
    (project / "node_modules").symlink_to(report.settings().report_dir / "node_modules")
    monkeypatch.setattr(Settings, "report_dir", project)
    assert report.build("rows") == FULL
    (before,) = report.apps()
    match change:
        case "Node":
            set_node("v22.0.1")
        case "extension":
            monkeypatch.setattr("sentinel_orchestration.publish.app.EXTENSION_VERSION", "v1.3.3")
        case "page":
            (project / "pages" / "index.md").write_text("# Other")
    assert report.build("rows", "/fleet" if change == "base path" else "") == FULL
    (after,) = report.apps()  # the one before is not kept
    assert after != before


def test_an_app_that_cannot_be_used_is_compiled_again(report: Report) -> None:
    report.build("rows")
    (app,) = report.apps()
    (app / "app.js").write_text("damaged")
    assert report.build("rows") == ["sources", "render", "build"]
    (warning,) = report.warnings
    assert str(app) in warning
    assert "app.js is no app" in warning
    assert report.build("rows") == RENDERED


def test_an_app_that_cannot_be_read_is_compiled_again(report: Report) -> None:
    report.build("rows")
    (app,) = report.apps()
    (app / "app.js").unlink()
    (app / "app.js").symlink_to("nowhere")
    assert report.build("rows") == FULL
    assert len(report.warnings) == 1
    assert report.build("rows") == RENDERED


def test_a_query_that_fails_is_no_fault_of_the_app(report: Report) -> None:
    report.build("rows")
    (report.folder / "fail-sources").touch()
    with pytest.raises(ReportError, match="a query is wrong"):
        report.build("rows")
    assert report.calls() == ["sources"]
    assert report.warnings == []
    (report.folder / "fail-sources").unlink()
    assert report.build("rows") == RENDERED


def test_homes_may_share_an_app(report: Report, tmp_path: Path) -> None:
    report.build("rows")
    other = Report(tmp_path / "other")
    other.settings().layout.data.mkdir(parents=True)
    other.settings().layout.report_apps.symlink_to(report.settings().layout.report_apps)
    assert other.build("other rows") == RENDERED
