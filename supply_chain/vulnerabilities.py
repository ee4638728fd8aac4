"""Asks vulnerability databases about every locked package, and tells "none known" from "could not ask".

Belongs here: pip-audit (the OSV database), npm audit (npm's), and what their answers mean. Both end alike when they find
something and when they reach nobody, and pip-audit calls packages it could not look up no problem: so only an answer
about every package is taken for one.
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
    """What a database knows. `unasked` says why it could not be asked; empty where it told about every package."""

    subject: str
    packages: int
    known: tuple[str, ...] = ()
    unasked: str = ""


def ask(osv_url: str | None = None) -> list[Answer]:
    """The answers about the Python packages and about each project of npm packages."""
    known = accepted(ACCEPTED, date.today())  # noqa: DTZ011  (a day more or less is no matter)
    return [ask_osv(python_locks(), known, osv_url), *(ask_npm(lock, known) for lock in NPM_LOCKS)]


def accepted(path: Path, today: date) -> set[str]:
    """The ids in `path` that do not count today. Raises KeyError where one lacks its reason or its day."""
    with path.open("rb") as file:
        return {id_ for id_, entry in tomllib.load(file).items() if entry["reason"] and today < entry["until"]}


def ask_osv(locks: Iterable[Path], ignored: Set[str], url: str | None) -> Answer:
    """What OSV knows of the packages of all `locks`, whichever Python or system each is meant for."""
    packages = sorted({package for lock in locks for package in python_packages(lock)})
    known: list[str] = []
    unasked = ""
    for some in _rounds(packages):
        found, why_not = _pip_audit(some, url)
        unasked = unasked or why_not
        for dependency in found:
            for v in dependency.get("vulns", []):
                if not ignored & {v["id"], *v["aliases"]}:
                    mend = f"mended in {', '.join(v['fix_versions'])}" if v["fix_versions"] else "not mended yet"
                    known.append(f"{dependency['name']} {dependency['version']}: {v['id']}, {mend}")
    return Answer("Python packages", len(packages), tuple(known), unasked)


def ask_npm(lock: Path, ignored: Set[str]) -> Answer:
    """What npm's database knows of the packages of a package-lock.json."""
    subject, packages = f"npm packages of {lock.parent.relative_to(ROOT)}", len(npm_packages(lock))
    try:
        said = _run(["npm", "audit", "--json", "--package-lock-only"], lock.parent)
    except FileNotFoundError:
        return Answer(subject, packages, unasked="npm was not found; `make audit` sees to it")
    report = _parsed(said.stdout)
    if "auditReportVersion" not in report:
        return Answer(subject, packages, unasked=str(report.get("message") or _last_line(said.stderr)))
    advisories = {
        (via["name"], via["url"].rpartition("/")[2], via["severity"], via["range"])
        for found in report["vulnerabilities"].values()
        for via in found["via"]
        if isinstance(via, dict)  # a name stands for a package that is told of by itself
    }
    told = (f"{name} {versions}: {id_}, {level}" for name, id_, level, versions in advisories if id_ not in ignored)
    return Answer(subject, packages, tuple(sorted(told)))


def _rounds(packages: Sequence[Package]) -> Iterable[list[Package]]:
    """The packages in lists that hold no name twice: pip-audit refuses two versions of one."""
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
    return found, f"{len(skipped)} were left out, such as: {skipped[0]}" if skipped else ""


def _run(command: Sequence[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def _parsed(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _last_line(text: str) -> str:
    line = text.strip().splitlines()[-1] if text.strip() else "no answer and no reason"
    return shorten(line, 200)
