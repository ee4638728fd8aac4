"""The lock files and the packages they pin."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What an installed Sentinel consists of. The other Python locks are for tools.
PRODUCT_LOCKS = ("requirements.lock", "requirements-node.lock", "requirements-wasm.lock")
REPORT_LOCK = ROOT / "evidence_reports" / "package-lock.json"
NPM_LOCKS = (REPORT_LOCK, ROOT / "tests" / "e2e" / "package-lock.json")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


@dataclass(frozen=True, order=True)
class Package:
    """A pinned package. `integrity` is npm's (`sha512-` and base64), and empty if the package is bundled with another."""

    name: str
    version: str
    integrity: str = ""
    license: str = ""


def python_locks() -> list[Path]:
    """Every lock of Python packages."""
    return sorted(ROOT.glob("requirements*.lock"))


def python_packages(lock: Path) -> list[Package]:
    """The packages of a Python lock. A package with several versions, for several Pythons, appears once per version."""
    return [Package(name, version) for name, version in PIN.findall(lock.read_text(encoding="utf-8"))]


def npm_packages(lock: Path) -> list[Package]:
    """The packages of a package-lock.json, each version once, under its real name: npm may install it under an alias."""
    entries: dict[str, dict[str, str]] = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    found: dict[tuple[str, str], Package] = {}
    for place, entry in entries.items():
        if place:
            name = entry.get("name") or place.rpartition("node_modules/")[2]
            package = Package(name, entry["version"], entry.get("integrity", ""), entry.get("license", ""))
            known = found.get((name, package.version))
            found[name, package.version] = known if known and known.integrity else package
    return sorted(found.values())
