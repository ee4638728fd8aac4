"""One module owns the paths of a home: what it says, and that nobody else says it."""

import ast
import re
from pathlib import Path

import pytest

import sentinel_orchestration
from sentinel_orchestration.layout import DAY_FOLDERS, PART, PLACEHOLDER_DAY, Layout, day_folder

PACKAGE = Path(sentinel_orchestration.__file__).parent
OTHERS = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "layout.py"]
DAY_FOLDER = re.compile(r"(^|/)day=")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def put(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_an_event_feed_has_a_folder_per_day_and_a_snapshot_none(layout: Layout, tmp_path: Path) -> None:
    silver = tmp_path / "data/silver"
    assert layout.silver_file("telemetry", "2026-11-20") == silver / "telemetry/day=2026-11-20/part.parquet"
    assert layout.silver_file("sites") == silver / "sites/part.parquet"
    assert layout.quarantine_file("sites") == tmp_path / "data/quarantine/sites/part.parquet"
    assert day_folder(tmp_path, "2026-11-20") == tmp_path / "day=2026-11-20"
    assert day_folder(tmp_path, "") == tmp_path


def test_the_files_of_a_feed_are_found_by_day_oldest_first(layout: Layout) -> None:
    days = ["2026-11-20", "2025-01-01", "2026-11-03"]
    for day in (*days, PLACEHOLDER_DAY):
        put(layout.silver_file("telemetry", day))
    put(layout.silver_file("telemetry", "2026-11-20").with_name(f".{PART}.1.partial"))
    put(layout.quarantine_file("telemetry", "2026-11-20"))
    put(layout.silver_file("sites"))
    assert list(layout.silver_files("telemetry")) == sorted(days)
    assert layout.silver_files("sites") == {"": layout.silver_file("sites")}
    assert list(layout.quarantine_files("telemetry")) == ["2026-11-20"]
    assert layout.silver_files("nothing") == {}


def test_the_pattern_of_a_feed_reaches_every_file_of_it(layout: Layout) -> None:
    files = {layout.silver_file("telemetry", day) for day in ("2026-11-20", PLACEHOLDER_DAY)}
    for path in (*files, layout.silver_file("sites")):
        put(path)
    root = Path(layout.silver_pattern("telemetry")).relative_to(layout.silver)
    assert set(layout.silver.glob(str(root))) == files


def test_everything_is_below_the_home_which_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    layout = Layout(Path("home"))
    assert layout.inbox == tmp_path / "home/inbox"
    folders = [layout.bronze, layout.silver, layout.quarantine, layout.published, layout.site, layout.dagster]
    scratch = [layout.report_scratch, layout.report_home, layout.report_apps, layout.verify_scratch, layout.dbt_target]
    for path in (*folders, *scratch, layout.warehouse, layout.current, layout.releases):
        assert path.is_relative_to(tmp_path / "home/data"), path


def spelled_out(source: str) -> list[str]:
    """The strings of a module, but for its docstrings, that name a day folder or a file of silver."""
    tree = ast.parse(source)
    documented = (node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef))
    docstrings = {node.body[0].value for node in documented if isinstance(node.body[0], ast.Expr)}
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node not in docstrings]
    texts = [node.value for node in constants if isinstance(node.value, str)]
    return [text for text in texts if PART in text or DAY_FOLDER.search(text)]


def test_no_other_module_spells_out_a_day_folder_or_a_file_of_silver() -> None:
    found = {str(path.relative_to(PACKAGE)): spelled_out(path.read_text(encoding="utf-8")) for path in OTHERS}
    assert {path: texts for path, texts in found.items() if texts} == {}


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ('folder / f"day={day}"', True),
        ('query = """\nfrom \'silver/sites/part.parquet\'\n"""', True),
        (f'root.glob("{DAY_FOLDERS}/*.parquet")', True),
        ('def f():\n    """Files are day=<day>/part.parquet."""', False),
        ('text = f"simulator: {feed} day={day}"', False),
    ],
)
def test_that_search_finds_what_it_is_for(source: str, is_found: bool) -> None:
    assert bool(spelled_out(source)) == is_found
