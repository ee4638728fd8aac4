"""Asks vulnerability databases about every locked package and distinguishes "none known" from "could not ask".

pip-audit asks OSV, npm audit asks npm's database. Both exit the same way when they find something and when they cannot
reach their database, and pip-audit does not count packages it could not look up as a problem. So an answer only counts
if it covers every package.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from textwrap import shorten
from typing import Any

from supply_chain.locks import NPM_LOCKS, ROOT, Package, npm_packages, python_locks, python_packages

ACCEPTED = Path(__file__).with_name("accepted.toml")


@dataclass(frozen=True)
class Answer:
    """What a database knows. `unasked` says why it could not be asked. It is empty if the answer covers every package."""

    subject: str
    packages: int
    known: tuple[str, ...] = ()
    unasked: str = ""


def ask(osv_url: str | None = None) -> list[Answer]:
    """One answer for all Python packages, and one per npm project."""
    known = accepted(ACCEPTED, date.today())  # noqa: DTZ011  (one day more or less does not matter)
    return [ask_osv(python_locks(), known, osv_url), *(ask_npm(lock, known) for lock in NPM_LOCKS)]


def accepted(path: Path, today: date) -> set[str]:
    """The ids in `path` that are accepted today. Raises KeyError if one has no reason or no end date."""
    with path.open("rb") as file:
        return {id_ for id_, entry in tomllib.load(file).items() if entry["reason"] and today < entry["until"]}


def ask_osv(locks: Iterable[Path], ignored: Set[str], url: str | None) -> Answer:
    """What OSV knows about the packages in all `locks`, whichever Python or platform they are for."""
    packages = sorted({package for lock in locks for package in python_packages(lock)})
    known: list[str] = []
    unasked = ""
    for some in _rounds(packages):
        found, why_not = _pip_audit(some, url)
        unasked = unasked or why_not
        for dependency in found:
            for v in dependency.get("vulns", []):
                if not ignored & {v["id"], *v["aliases"]}:
                    fix = f"fixed in {', '.join(v['fix_versions'])}" if v["fix_versions"] else "no fix yet"
                    known.append(f"{dependency['name']} {dependency['version']}: {v['id']}, {fix}")
    return Answer("Python packages", len(packages), tuple(known), unasked)


def ask_npm(lock: Path, ignored: Set[str]) -> Answer:
    """What npm's database knows about the packages in a package-lock.json."""
    subject, packages = f"npm packages of {lock.parent.relative_to(ROOT)}", len(npm_packages(lock))
    try:
        said = _run(["npm", "audit", "--json", "--package-lock-only"], lock.parent)
    except FileNotFoundError:
        return Answer(subject, packages, unasked="npm was not found; `make audit` installs it")
    report = _parsed(said.stdout)
    if "auditReportVersion" not in report:
        return Answer(subject, packages, unasked=str(report.get("message") or _last_line(said.stderr)))
    advisories = {
        (via["name"], via["url"].rpartition("/")[2], via["severity"], via["range"])
        for found in report["vulnerabilities"].values()
        for via in found["via"]
        if isinstance(via, dict)  # a plain name refers to another entry of the report
    }
    lines = (f"{name} {versions}: {id_}, {level}" for name, id_, level, versions in advisories if id_ not in ignored)
    return Answer(subject, packages, tuple(sorted(lines)))


def _rounds(packages: Sequence[Package]) -> Iterable[list[Package]]:
    """The packages in lists without duplicate names, because pip-audit refuses two versions of one package."""
    left = list(packages)
    while left:
        now = {package.name: package for package in reversed(left)}
        yield list(now.values())
        left = [package for package in left if package not in now.values()]


def _pip_audit(packages: Iterable[Package], url: str | None) -> tuple[list[dict[str, Any]], str]:
    """(what pip-audit says of each package, why it could not ask)."""
    with tempfile.TemporaryDirectory() as scratch:
        requirements = Path(scratch) / "requirements.txt"
        requirements.write_text("".join(f"{p.name}=={p.version}\n" for p in packages), encoding="utf-8")
        options = [
            "--no-deps",
            "--disable-pip",
            "--progress-spinner=off",
            "--format=json",
            "--vulnerability-service=osv",
        ]
        if url:
            options += ["--osv-url", url]
        tool = str(Path(sys.executable).with_name("pip-audit"))
        said = _run([tool, *options, "-r", str(requirements)], Path(scratch))
    found = _parsed(said.stdout).get("dependencies")
    if found is None:
        return [], _last_line(said.stderr)
    skipped = [dependency["skip_reason"] for dependency in found if "skip_reason" in dependency]
    return found, f"{len(skipped)} were skipped, for example: {skipped[0]}" if skipped else ""


def _run(command: Sequence[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def _parsed(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _last_line(text: str) -> str:
    line = text.strip().splitlines()[-1] if text.strip() else "no answer and no error message"
    return shorten(line, 200)
