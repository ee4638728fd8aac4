"""Runs Evidence on a scratch copy of the report project, without the network."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from sentinel_orchestration.settings import PROJECT_DIR, Settings

TOOLS_DIR = PROJECT_DIR / ".tools"
LEAST_NODE = 20
TIMEOUT_SEC = 1800
# Its standard input ends when this process does, even by kill -9; then npm and all it started are killed.
WITH_LIFELINE = """
exec 3<&0 </dev/null
(cat; kill -KILL 0) <&3 >/dev/null 2>&1 &
exec 3<&-
exec npm run --silent "$0"
"""
# Node runs the code of hundreds of packages. It gets no other variable of ours: they may hold secrets, which a page could
# carry off (PUBLIC_*, VITE_*), or lead the build elsewhere (EVIDENCE_*).
INHERITED = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "TZ")
COPIED = ("pages", "components", "partials", "sources", "static", "scripts")
COPIED_FILES = (
    "package.json",
    "package-lock.json",
    ".npmrc",
    "evidence.config.yaml",
    "evidence.settings.json",
    "svelte.config.js",
)
# DuckDB 1.3.2 is duckdb-wasm 1.30.0. It has no parquet reader of its own and would fetch one from the network.
EXTENSION_VERSION = "v1.3.2"
EXTENSION_SHA256 = {
    "wasm_eh/parquet": "0cd8dbaeeba5773e82254b2a2ae115d8bac33b67e55b1d5b55308796b5f86ce0",  # pragma: allowlist secret
    "wasm_eh/json": "f61b9cd57183e2e6e601e5846bd8366dbfe85784d5f06dfcf3756d9a03586aed",  # pragma: allowlist secret
    "wasm_mvp/parquet": "dca8262bc69da4210ef609d606b9e88122088b3c31fcd019e54971bfdfc0c555",  # pragma: allowlist secret
    "wasm_mvp/json": "b7dc3cd156500c0294284fe56213ad87ce766f036f8758c2a8637f6d323b2857",  # pragma: allowlist secret
}


class ReportError(RuntimeError):
    """The report could not be built; the message says what is missing or what Evidence said last."""


def prepare_project(settings: Settings, scratch: Path, databases: Mapping[str, Path]) -> None:
    """A fresh copy of the report project under `scratch`, with the file of each source and the extensions in place."""
    modules = settings.report_dir / "node_modules"
    if not (modules / ".bin" / "evidence").exists():
        raise ReportError(f"{modules} has no Evidence. Run `make setup`, or build with --no-report.")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    for name in COPIED:
        shutil.copytree(settings.report_dir / name, scratch / name, ignore=shutil.ignore_patterns("data", "duckdb-ext"))
    for name in COPIED_FILES:
        shutil.copyfile(settings.report_dir / name, scratch / name)
    (scratch / "node_modules").symlink_to(modules)
    (scratch / ".published").mkdir()
    for source, database in databases.items():
        shutil.copyfile(database, scratch / ".published" / f"{source}.duckdb")
    config = scratch / "evidence.config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(re.sub(r"basePath: .*", f"basePath: '{settings.site_base_path}'", text), encoding="utf-8")
    for place in (scratch / "static" / "duckdb-ext", _home(scratch) / ".duckdb/extensions/extensions.duckdb.org"):
        _copy_extensions(place)


def run_script(
    scratch: Path,
    script: str,
    environment: Mapping[str, str],
    log: Callable[[str], None],
    timeout_sec: float = TIMEOUT_SEC,
) -> None:
    """Runs a script of the project's package.json in `scratch`, each line it prints going to `log`.

    Raises ReportError where it fails or takes longer than `timeout_sec`.
    """
    variables = {
        **{name: os.environ[name] for name in INHERITED if name in os.environ},
        **environment,
        "HOME": str(_home(scratch)),
        "PATH": f"{find_node()[0]}{os.pathsep}{os.environ.get('PATH', '')}",
        "NODE_OPTIONS": "--max-old-space-size=4096",
        "npm_config_update_notifier": "false",
        "npm_config_offline": "true",
        "NO_COLOR": "1",
    }
    process = subprocess.Popen(
        ["sh", "-c", WITH_LIFELINE, script],
        cwd=scratch,
        env=variables,
        stdin=subprocess.PIPE,  # the lifeline
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # so that its children end with it
    )
    watchdog = threading.Timer(timeout_sec, os.killpg, (process.pid, signal.SIGKILL))
    watchdog.start()
    lines: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).strip()
            if text:
                lines.append(text)
                log(text)
        if process.wait() != 0:
            slow = (
                f" It was stopped after {timeout_sec / 60:.0f} minutes."
                if process.returncode == -signal.SIGKILL
                else ""
            )
            raise ReportError(f"evidence {script} failed (exit {process.returncode}).{slow}\n" + "\n".join(lines[-15:]))
    finally:
        watchdog.cancel()
        assert process.stdin is not None
        process.stdin.close()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _home(scratch: Path) -> Path:
    """A home of its own: Evidence and DuckDB write there, never into the user's."""
    return scratch.parent / f"{scratch.name}-home"


def find_node() -> tuple[str, str]:
    """Folder and version of a Node that is new enough: the system's, else the one `make setup` took from PyPI."""
    candidates = [
        found for found in (shutil.which("node"), str(TOOLS_DIR / "bin" / "node")) if found and Path(found).exists()
    ]
    for node in candidates:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
        number = re.match(r"v(\d+)", said)
        if number and int(number[1]) >= LEAST_NODE:
            return str(Path(node).parent), said.strip()
    raise ReportError(f"Node {LEAST_NODE} or newer was not found. Run `make setup`, or build with --no-report.")


def _copy_extensions(place: Path) -> None:
    """The signed extensions out of the wheel that carries them, each checked against its sha256."""
    carrier = _carrier()
    for name, expected in EXTENSION_SHA256.items():
        folder, extension = name.split("/")
        source = carrier / folder / f"{extension}.duckdb_extension.wasm"
        if not source.exists():
            raise ReportError(f"{source} is missing. Run `make setup`.")
        content = source.read_bytes()
        if hashlib.sha256(content).hexdigest() != expected:
            raise ReportError(
                f"{source} is not the file it should be (sha256 differs). Remove .tools and run `make setup`."
            )
        target = place / EXTENSION_VERSION / folder / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _carrier() -> Path:
    return TOOLS_DIR / "wasm" / "embedding_atlas" / "static" / "duckdb-wasm" / EXTENSION_VERSION
