"""What is in the way of a new feed is said before anything is written, and its files are written together or not at all."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from sentinel_orchestration.cli.new_feed import new_feed_command
from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.contracts.dbt_sources import render_sources, sources_file
from sentinel_orchestration.feeds.openable import BatchRefusedError
from sentinel_orchestration.lake.sample import Said
from sentinel_orchestration.scaffold import Checkout, ScaffoldError
from sentinel_orchestration.settings import PROJECT_DIR

PARTS = (
    "sentinel_orchestration/contracts",
    "sentinel_orchestration/warehouse/marts",
    "dbt/models",
    "evidence_reports/pages",
)
GUSTS = "gust_id,measured_at,speed\nG1,2026-03-01T10:00:00,1.5\nG2,2026-03-01T11:00:00,2\n"
Command = Callable[..., int]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """The parts of the repository that a feed has files in, in a folder of their own."""
    root = tmp_path / "checkout"
    for part in (*PARTS, "evidence_reports/sources"):
        shutil.copytree(PROJECT_DIR / part, root / part, ignore=shutil.ignore_patterns("__pycache__", "*.py[co]"))
    return Checkout(root)


@pytest.fixture
def command(checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`sentinel new-feed` on that checkout, with a sample of this text."""
    monkeypatch.setenv("SENTINEL_HOME", str(tmp_path))

    def run(
        name: str = "gusts", text: str = GUSTS, domain: str = "weather", file: str = "sample.csv", **said: object
    ) -> int:
        (tmp_path / file).write_text(text, encoding="utf-8")
        return new_feed_command(name, tmp_path / file, domain, Said(**said), checkout)

    return run


def content(checkout: Checkout) -> dict[Path, bytes | None]:
    """Every file with its bytes, and every folder."""
    return {path: path.read_bytes() if path.is_file() else None for path in checkout.root.rglob("*")}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "Wind Gusts"}, "NAME Wind Gusts: use lower case.* Such as wind_gusts"),
        ({"name": "order"}, "NAME order: .* It is a word of SQL"),
        ({"name": "../gusts"}, "NAME ../gusts: use lower case"),
        ({"domain": "Wind"}, "--domain Wind: .* Such as wind"),
        ({"name": "telemetry"}, "NAME telemetry: there is such a feed, in fleet"),
        ({"name": "dim_site"}, "NAME dim_site: dbt/models/marts/fleet/dim_site.sql has that name"),
        ({"name": "uptime_trend"}, "NAME uptime_trend: .*rpt_uptime_trend.sql has that name"),
        ({"name": "fct_uptime_trend"}, "NAME fct_uptime_trend: .*fct_uptime_trend.py has that name"),
        ({"text": ""}, "sample.csv: the file is empty"),
        ({"text": "gust_id,speed\n"}, "sample.csv: has no rows"),
        ({"text": GUSTS, "file": "sample.txt"}, "sample.txt: unknown kind of file"),
        ({"text": GUSTS, "file": "sample.parquet"}, "the name says parquet, but it is not a parquet file"),
        (
            {"text": "Gust ID,^.*$,*,order,speed\n1,2,3,4,5\n"},
            r"'Gust ID' to gust_id, '\^\.\*\$' to unnamed, '\*' to unnamed, 'order' to order_value\. A name",
        ),
        ({"text": "id,at,day\n1,2026-03-01T10:00,2\n"}, "'day' to day_value"),
        ({"text": "kind,x\na,1.5\na,2.5\n"}, "found no key"),
    ],
)  # fmt: skip
def test_a_wrong_input_gets_one_clear_error_and_leaves_nothing(
    command: Command, checkout: Checkout, given: dict[str, str], message: str
) -> None:
    before = content(checkout)
    with pytest.raises((ScaffoldError, BatchRefusedError), match=message):
        command(**given)
    assert content(checkout) == before


def test_a_folder_is_no_sample(checkout: Checkout, tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError, match=r"is a folder. Name one file in it"):
        new_feed_command("gusts", tmp_path, "weather", Said(), checkout)


def test_every_file_in_the_way_is_named_and_kept(command: Command, checkout: Checkout) -> None:
    for path in (checkout.report / "pages/gusts.md", checkout.models / "staging/weather/stg_gusts.yml"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine", encoding="utf-8")
    before = content(checkout)
    with pytest.raises(ScaffoldError) as refused:
        command()
    assert "dbt/models/staging/weather/stg_gusts.yml, evidence_reports/pages/gusts.md: there already" in str(
        refused.value
    )
    assert content(checkout) == before


@pytest.mark.parametrize("number", range(7))
def test_if_one_file_cannot_be_written_none_is_left(
    command: Command, checkout: Checkout, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The disk is full at the given file; the last one is that of dbt's sources, which may be there already."""
    assert command("storms") == 0
    load_contracts.cache_clear()
    before, replace, written = content(checkout), os.replace, []

    def fill_the_disk(source: Path, target: Path) -> None:
        written.append(target)
        if len(written) == number + 1:
            raise OSError(28, "No space left on device", str(target))
        replace(source, target)

    monkeypatch.setattr("sentinel_orchestration.files.os.replace", fill_the_disk)
    with pytest.raises(OSError, match="No space left"):
        command("gusts")
    assert content(checkout) == before
    monkeypatch.undo()


@pytest.mark.parametrize("part", ["dbt", "evidence_reports"])
def test_an_installed_package_is_no_checkout(command: Command, checkout: Checkout, part: str) -> None:
    shutil.rmtree(checkout.root / part)
    with pytest.raises(ScaffoldError, match=r"no such folder. A new feed is written into a checkout"):
        command()


def test_a_checkout_that_may_not_be_written_to(
    command: Command, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = checkout.report / "pages"
    ask = os.access
    refusing = SimpleNamespace(access=lambda place, mode: place != locked and ask(place, mode), W_OK=os.W_OK)
    monkeypatch.setattr("sentinel_orchestration.scaffold.os", refusing)  # root may write everywhere
    with pytest.raises(ScaffoldError, match=f"{locked}: may not be written to"):
        command()


def test_a_page_says_whether_its_feed_is_simulated_absent_or_empty(command: Command, checkout: Checkout) -> None:
    assert command() == 0
    load_contracts.cache_clear()
    assert '<FeedNotes {feeds} of="gusts" />' in (checkout.report / "pages/gusts.md").read_text(encoding="utf-8")


def test_a_second_feed_of_a_domain_joins_its_sources(command: Command, checkout: Checkout) -> None:
    assert command("gusts") == 0
    load_contracts.cache_clear()
    assert command("storms", event_time="none") == 0
    load_contracts.cache_clear()
    contracts = load_contracts(checkout.contracts)
    assert (contracts["gusts"].kind, contracts["storms"].kind) == ("event", "snapshot")
    staging = checkout.models / "staging"
    for domain, text in render_sources(contracts.values()).items():
        assert sources_file(staging, domain).read_text(encoding="utf-8") == text
    assert (checkout.models / "reports/weather/rpt_storms.sql").is_file()
    assert not (checkout.models / "reports/weather/rpt_gusts.sql").exists()
