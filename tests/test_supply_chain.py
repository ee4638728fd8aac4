"""Supply chain: locks with hashes, a complete bill of materials, no secrets, no telemetry; and `make audit`."""

import base64
import gzip
import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from sentinel_orchestration.automation.instance import open_instance
from sentinel_orchestration.publish.evidence import COPIED_FILES, find_node
from sentinel_orchestration.settings import PROJECT_DIR, Settings
from supply_chain.vulnerabilities import accepted

PYTHON_LOCKS = sorted(PROJECT_DIR.glob("requirements*.lock"))
NPM_FOLDERS = [PROJECT_DIR / "evidence_reports", PROJECT_DIR / "tests" / "e2e"]
PRODUCT_LOCKS = ["requirements.lock", "requirements-node.lock", "requirements-wasm.lock"]
FOUND, UNKNOWN = 1, 3
OFFLINE = "http://127.0.0.1:9"


def _pins(lock: Path) -> list[tuple[Requirement, list[str]]]:
    """Each requirement of a lock with its options: one per logical line."""
    lines = lock.read_text("utf-8").replace("\\\n", " ").splitlines()
    parts = [line.split() for line in lines if line.strip()]
    first_option = [next((i for i, word in enumerate(p) if word.startswith("--")), len(p)) for p in parts]
    return [(Requirement(" ".join(p[:i])), p[i:]) for p, i in zip(parts, first_option, strict=True)]


def _versions(lock: Path) -> set[tuple[str, str]]:
    return {(pin.name, str(pin.specifier).removeprefix("==")) for pin, _ in _pins(lock)}


def _npm_entries(folder: Path) -> dict[str, dict[str, Any]]:
    entries = json.loads((folder / "package-lock.json").read_text("utf-8"))["packages"]
    return {place: entry for place, entry in entries.items() if place}


def _audit(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    """`python -m supply_chain`, as `make audit` runs it."""
    python = PROJECT_DIR / ".tools" / "audit" / "bin" / "python"
    assert python.exists(), "Run `make check` once: it installs the audit tools."
    path = f"{find_node()[0]}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [python, "-m", "supply_chain", *map(str, arguments)],
        cwd=PROJECT_DIR,
        env=os.environ | {"PATH": path} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


# Locks


@pytest.mark.parametrize("lock", PYTHON_LOCKS, ids=lambda lock: lock.name)
def test_every_python_pin_is_exact_and_has_a_hash(lock: Path) -> None:
    pins = _pins(lock)
    assert pins
    for pin, options in pins:
        assert [s.operator for s in pin.specifier] == ["=="], pin
        assert pin.url is None
        assert options, f"{pin} has no hash"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", option) for option in options), pin


@pytest.mark.parametrize("folder", NPM_FOLDERS, ids=lambda folder: folder.name)
def test_every_npm_package_has_a_hash_and_no_address(folder: Path) -> None:
    """A bundled package comes inside another package, whose hash covers it."""
    for place, entry in _npm_entries(folder).items():
        assert entry.get("inBundle") or entry["integrity"].startswith("sha512-"), place
        assert "resolved" not in entry, place


def test_no_file_that_fetches_packages_names_a_host() -> None:
    files = [*PYTHON_LOCKS, *(PROJECT_DIR / name for name in ("Makefile", "Dockerfile", "pyproject.toml"))]
    files += [folder / name for folder in NPM_FOLDERS for name in (".npmrc", "package.json")]
    for file in files:
        assert (
            re.findall(r"https?://(?!127\.0\.0\.1)|^\s*(?:--?(?:extra-)?index|registry)", file.read_text("utf-8")) == []
        ), file


def test_the_locks_match_pyproject_and_each_other() -> None:
    project = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text("utf-8"))
    wanted = {
        "requirements.lock": project["project"]["dependencies"],
        "requirements-dev.lock": project["project"]["dependencies"] + project["dependency-groups"]["dev"],
        "requirements-audit.lock": project["dependency-groups"]["audit"],
    }
    for name, requirements in wanted.items():
        locked = _versions(PROJECT_DIR / name)
        for requirement in map(Requirement, requirements):
            versions = [Version(version) for package, version in locked if package == requirement.name.lower()]
            assert versions, f"{name} lacks {requirement}: run make lock"
            assert all(version in requirement.specifier for version in versions), f"{name}: {requirement}"
    assert _versions(PROJECT_DIR / "requirements.lock") <= _versions(PROJECT_DIR / "requirements-dev.lock")


# The bill of materials


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the command wrote, by file name. The command itself checks it against the CycloneDX schema."""
    folder = tmp_path_factory.mktemp("sbom")
    made = _audit("sbom", "--sbom", folder)
    assert made.returncode == 0, made.stderr
    return {path.name: json.loads(path.read_text("utf-8")) for path in folder.iterdir()}


def test_the_python_bill_has_every_locked_package_with_its_hashes(bills: dict[str, dict[str, Any]]) -> None:
    listed = {(c["name"], c["version"]): c for c in bills["python.cdx.json"]["components"]}
    pins = [pin for name in PRODUCT_LOCKS for pin in _pins(PROJECT_DIR / name)]
    assert set(listed) == {(p.name, str(p.specifier).removeprefix("==")) for p, _ in pins}
    for pin, options in pins:
        hashes = listed[pin.name, str(pin.specifier).removeprefix("==")]["hashes"]
        assert {h["content"] for h in hashes} == {option.rpartition(":")[2] for option in options}


def test_the_report_bill_has_every_locked_package_with_its_hash(bills: dict[str, dict[str, Any]]) -> None:
    components = bills["report.cdx.json"]["components"]
    listed = {(c["name"], c["version"]): c for c in components}
    assert len(listed) == len(components)
    for place, entry in _npm_entries(NPM_FOLDERS[0]).items():
        component = listed[entry.get("name", place.split("node_modules/")[-1]), entry["version"]]
        if "integrity" in entry:
            digest = base64.b64decode(entry["integrity"].removeprefix("sha512-")).hex()
            assert component["hashes"] == [{"alg": "SHA-512", "content": digest}]
    assert ("wrap-ansi-cjs", "7.0.0") not in listed  # npm's alias for it, not its name
    assert ("wrap-ansi", "7.0.0") in listed


# Secrets

AWS_KEY = "AKIA" + "Q3EGRLWXMVN7TZK2"
PRIVATE_KEY = "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIEpAIBAAKCAQEA1c7\n"


def test_planted_secrets_are_found_and_not_repeated(tmp_path: Path) -> None:
    planted = {
        "deploy.py": f"key_id = '{AWS_KEY}'\n",
        "id_rsa": PRIVATE_KEY,
        "settings.ini": f"password = {AWS_KEY.lower()}\n",
        "marked.py": f"key_id = '{AWS_KEY}'  # pragma: allowlist secret\n",
        "not_yet_added.py": f"\nkey_id = '{AWS_KEY}'\n",
        "ignored.py": f"key_id = '{AWS_KEY}'\n",
    }
    for name, content in planted.items():
        (tmp_path / name).write_text(content)
    (tmp_path / ".gitignore").write_text("ignored.py\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "deploy.py", "id_rsa", "settings.ini", "marked.py"], cwd=tmp_path, check=True)
    said = _audit("secrets", "--folder", tmp_path)
    assert said.returncode == FOUND
    assert said.stderr.splitlines() == [
        "deploy.py:1: AWS Access Key",
        "id_rsa:1: Private Key",
        "not_yet_added.py:2: AWS Access Key",
        "settings.ini:1: Secret Keyword",
    ]
    assert AWS_KEY.lower() not in (said.stdout + said.stderr).lower()


def test_this_repository_has_no_secrets() -> None:
    said = _audit("secrets")
    assert said.returncode == 0, said.stderr


# Known vulnerabilities


class _Databases(BaseHTTPRequestHandler):
    """Answers like OSV and like npm's advisory endpoint: the packages in `bad` have a vulnerability."""

    bad: tuple[str, ...] = ()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = json.loads(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
        if self.path == "/osv":
            name = asked["package"]["name"]
            vulnerable = {"id": "GHSA-1111-2222-3333", "affected": [], "summary": "bad"}
            answer: Any = {"vulns": [vulnerable]} if name in self.bad else {}
        else:
            advisory = {"url": "https://example.org/advisories/GHSA-4444-5555-6666", "title": "bad", "severity": "high"}
            advisory |= {"id": 1, "vulnerable_versions": ">=0", "cwe": [], "cvss": {"score": 0, "vectorString": None}}
            answer = {name: [advisory] for name in asked if name in self.bad}
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def databases() -> Iterator[str]:
    """Address of both databases."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Databases)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _ask(address: str) -> "subprocess.CompletedProcess[str]":
    return _audit(
        "vulnerabilities", "--osv-url", f"{address}/osv", npm_config_registry=address, npm_config_offline="false"
    )


def test_answers_without_a_vulnerability_pass(databases: str) -> None:
    said = _ask(databases)
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.count(": none known") == 3


def test_a_known_vulnerability_fails(databases: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Databases, "bad", ("numpy", "svelte"))
    said = _ask(databases)
    assert said.returncode == FOUND
    versions = {version for lock in PYTHON_LOCKS for name, version in _versions(lock) if name == "numpy"}
    assert len(versions) == 2  # one per range of Python versions: both are asked about
    for version in versions:
        assert f"numpy {version}: GHSA-1111-2222-3333" in said.stderr
    assert "svelte >=0: GHSA-4444-5555-6666, high" in said.stderr


def test_an_unreachable_database_does_not_pass() -> None:
    said = _ask(OFFLINE)
    assert said.returncode == UNKNOWN
    assert said.stderr.count("COULD NOT ASK, so this does not pass") == 3
    assert "none known" not in said.stdout


def test_an_accepted_vulnerability_counts_again_on_its_day(tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    path.write_text('[GHSA-1]\npackage = "a"\nreason = "no fix yet"\nuntil = 2026-12-01\n')
    assert accepted(path, date(2026, 11, 30)) == {"GHSA-1"}
    assert accepted(path, date(2026, 12, 1)) == set()
    path.write_text('[GHSA-1]\npackage = "a"\nuntil = 2026-12-01\n')
    with pytest.raises(KeyError, match="reason"):
        accepted(path, date(2026, 11, 30))


# Telemetry


def test_dagster_sends_nothing(tmp_path: Path) -> None:
    with open_instance(Settings(home=tmp_path)) as instance:
        assert instance.telemetry_enabled is False


def test_great_expectations_analytics_are_off_before_it_is_imported() -> None:
    program = "import sentinel_orchestration.checks.gx_worker, os, sys; "
    program += "print(os.environ['GX_ANALYTICS_ENABLED'], 'great_expectations' in sys.modules)"
    environment = {name: value for name, value in os.environ.items() if name != "GX_ANALYTICS_ENABLED"}
    said = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["false", "False"]


def test_the_other_tools_are_configured_to_send_nothing() -> None:
    dbt = yaml.safe_load((PROJECT_DIR / "dbt" / "dbt_project.yml").read_text("utf-8"))
    assert dbt["flags"]["send_anonymous_usage_stats"] is False
    assert "evidence.settings.json" in COPIED_FILES  # Evidence reads it from its working directory
    evidence = json.loads((PROJECT_DIR / "evidence_reports" / "evidence.settings.json").read_text("utf-8"))
    assert evidence == {"send_anonymous_usage_stats": "no"}
    for folder in NPM_FOLDERS:
        npmrc = (folder / ".npmrc").read_text("utf-8").split()
        assert {"audit=false", "fund=false", "update-notifier=false"} <= set(npmrc)
