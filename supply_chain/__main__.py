"""`python -m supply_chain`: secrets, bill of materials, known vulnerabilities.

Exit status: 0 if nothing was found, 1 if something was or the bill of materials is invalid, 3 if nothing was found but a
database could not be asked, so the result is unknown.
"""

import argparse
import signal
import sys
from pathlib import Path

from supply_chain.locks import ROOT
from supply_chain.secret_scan import FIX, find_secrets
from supply_chain.vulnerabilities import ask

CLEAN, FOUND, UNKNOWN = 0, 1, 3
PARTS = ("secrets", "sbom", "vulnerabilities")


def main() -> int:
    """Runs the parts named on the command line, or all of them, and returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m supply_chain", description=__doc__, add_help=True)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="default: all")
    parser.add_argument("--folder", type=Path, default=ROOT, help="git checkout to search for secrets")
    parser.add_argument("--sbom", type=Path, default=ROOT / "sbom", help="folder to write the bill of materials to")
    parser.add_argument("--osv-url", help="vulnerability database for Python packages, instead of OSV")
    options = parser.parse_args()
    # If SIGTERM is inherited as ignored, detect-secrets cannot stop its workers.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    run = {
        "secrets": lambda: _secrets(options.folder),
        "sbom": lambda: _sbom(options.sbom),
        "vulnerabilities": lambda: _vulnerabilities(options.osv_url),
    }
    codes = [run[part]() for part in options.parts or PARTS]
    return FOUND if FOUND in codes else max(codes)


def _secrets(folder: Path) -> int:
    found = find_secrets(folder)
    for line in found:
        _complain(line)
    print(f"secrets: {len(found)} found. {FIX}" if found else "secrets: none in the files git tracks or would add")
    return FOUND if found else CLEAN


def _sbom(folder: Path) -> int:
    from supply_chain.sbom import InvalidSbomError, write_sbom  # its schemas take a second to load

    try:
        written = write_sbom(folder)
    except InvalidSbomError as error:
        _complain(f"sbom: {error}")
        return FOUND
    for path, components in written.items():
        print(f"sbom: {path} ({components} components, valid)")
    return CLEAN


def _vulnerabilities(osv_url: str | None) -> int:
    answers = ask(osv_url)
    for answer in answers:
        about = f"vulnerabilities: {answer.packages} {answer.subject}"
        if answer.unasked:
            _complain(f"{about}: COULD NOT ASK, so this does not pass ({answer.unasked})")
        for line in answer.known:
            _complain(line)
        if not answer.unasked:
            print(f"{about}: {len(answer.known) or 'none'} known")
    if any(answer.known for answer in answers):
        return FOUND
    return UNKNOWN if any(answer.unasked for answer in answers) else CLEAN


def _complain(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
