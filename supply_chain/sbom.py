"""The software bill of materials: what an installed Sentinel consists of, as CycloneDX 1.6 JSON.

It is made from the locks rather than from an environment. They are the same on every machine, cover every platform, and
have the hashes that the installers verify.
"""

import base64
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from supply_chain.locks import PRODUCT_LOCKS, REPORT_LOCK, ROOT, Package, npm_packages

SCHEMA = SchemaVersion.V1_6


class InvalidSbomError(RuntimeError):
    """A bill of materials violates the CycloneDX schema. The message says where."""


def write_sbom(folder: Path) -> dict[Path, int]:
    """Writes python.cdx.json and report.cdx.json to `folder` and returns the number of components in each.

    The same locks give the same files. Raises InvalidSbomError if one does not match its schema.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for name, bill in (("python", _python_bill()), ("report", _npm_bill(REPORT_LOCK))):
        text = json.dumps(bill, indent=1, sort_keys=True)
        broken = JsonStrictValidator(SCHEMA).validate_str(text)
        if broken is not None:
            raise InvalidSbomError(f"{name}.cdx.json: {broken}")
        path = folder / f"{name}.cdx.json"
        path.write_text(text, encoding="utf-8")
        written[path] = len(bill["components"])
    return written


def _python_bill() -> dict[str, Any]:
    """What cyclonedx-py makes of the locks, without the download addresses it assumes."""
    locks = "".join((ROOT / name).read_text(encoding="utf-8") for name in PRODUCT_LOCKS)
    tool = str(Path(sys.executable).with_name("cyclonedx-py"))
    command = [tool, "requirements", "-", "--pyproject", "pyproject.toml"]
    options = ["--spec-version", SCHEMA.to_version(), "--output-reproducible", "--no-validate"]
    made = subprocess.run([*command, *options], cwd=ROOT, input=locks, capture_output=True, text=True, check=True)
    bill: dict[str, Any] = json.loads(made.stdout)
    for component in bill["components"]:
        component.pop("description", None)  # it only repeats the line of the lock
        component["hashes"] = [h for r in component.pop("externalReferences", []) for h in r.get("hashes", [])]
    return bill


def _npm_bill(lock: Path) -> dict[str, Any]:
    """The bill for a package-lock.json. `npm sbom` gets aliased packages wrong, and its output depends on npm's version."""
    project = json.loads(lock.with_name("package.json").read_text(encoding="utf-8"))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": SCHEMA.to_version(),
        "version": 1,
        "metadata": {"component": _component(Package(project["name"], project["version"]), "application")},
        "components": [_component(package, "library") for package in npm_packages(lock)],
    }


def _component(package: Package, kind: str) -> dict[str, Any]:
    purl = f"pkg:npm/{quote(package.name, safe='/')}@{quote(package.version)}"
    component: dict[str, Any] = {
        "type": kind,
        "name": package.name,
        "version": package.version,
        "purl": purl,
        "bom-ref": purl,
    }
    if package.integrity:
        algorithm, _, digest = package.integrity.split()[0].partition("-")
        name = re.sub(r"^sha(\d+)$", r"SHA-\1", algorithm)
        component["hashes"] = [{"alg": name, "content": base64.b64decode(digest).hex()}]
    if package.license:
        component["licenses"] = [{"license": {"name": package.license}}]
    return component
