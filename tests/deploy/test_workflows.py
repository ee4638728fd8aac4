"""The workflows of GitHub: what the forge takes, whose actions cannot be moved, and who gets a mail after which night."""

import base64
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from sentinel_orchestration.settings import PROJECT_DIR

WORKFLOWS = sorted((PROJECT_DIR / ".github" / "workflows").glob("*.yml"))
(MAIL,) = yaml.safe_load((PROJECT_DIR / ".github/workflows/nightly.yml").read_text())["jobs"]["mail"]["steps"]
ANSWERS = {"EHLO": "250-here\r\n250 AUTH PLAIN", "AUTH": "334 ", "DATA": "354 go on", "QUIT": "221 bye"}
LOGIN = base64.b64encode(b"\0night\0abc").decode()
RUN = "https://forge.example/sentinel/actions/runs/5"


def test_they_follow_the_schema_of_the_forge():
    command = ["-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS]
    said = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout


def test_every_action_is_pinned_by_its_commit():
    used = [action for file in WORKFLOWS for action in re.findall(r"uses: (.*)", file.read_text())]
    assert used
    assert [
        action for action in used if not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)
    ] == []


@dataclass
class MailServer:
    """Takes one mail over TLS, and knows what was said to it."""

    certificate: Path
    port: int
    lines: list[str] = field(default_factory=list)

    def serve(self, listener: socket.socket, context: ssl.SSLContext) -> None:
        """Answers as RFC 5321 has it, with a login that it believes."""
        with (
            context.wrap_socket(listener.accept()[0], server_side=True) as connection,
            connection.makefile("rw") as talk,
        ):

            def say(text: str) -> None:
                talk.write(f"{text}\r\n")
                talk.flush()

            say("220 ready")
            before, is_text = "", False
            for line in map(str.rstrip, talk):
                self.lines.append(line)
                if not is_text or line == ".":
                    say("235 welcome" if before == "AUTH PLAIN" else ANSWERS.get(line.split(" ")[0], "250 ok"))
                    is_text = line == "DATA"
                before = line


@pytest.fixture
def mail_server(tmp_path: Path) -> Iterator[MailServer]:
    """One that curl can trust, on a port of its own."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", *made, "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = MailServer(certificate, listener.getsockname()[1])
        threading.Thread(target=server.serve, args=(listener, context), daemon=True).start()
        yield server


def _after(now: str, before: str, mail_server: MailServer, tmp_path: Path, **secrets: str) -> str:
    """What the step says after a night; `before` is what the forge says of the runs before it."""
    (tmp_path / "gh").write_text(f"#!/bin/sh\nwhile [ $# -gt 1 ]; do shift; done\necho '{before}' | jq -r \"$1\"\n")
    (tmp_path / "gh").chmod(0o755)
    variables = {
        "SMTP_URL": f"smtps://localhost:{mail_server.port}",
        "SMTP_USER": "night:abc",
        "MAIL_FROM": "sentinel@example.org",
        "MAIL_TO": "on-call@example.org",
        "NOW": now,
        "RUN_URL": RUN,
        "GITHUB_REPOSITORY": "a/sentinel",
        "GITHUB_REF_NAME": "main",
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "CURL_CA_BUNDLE": str(mail_server.certificate),
    }
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", MAIL["run"]]  # as the forge starts it
    done = subprocess.run(shell, env=variables | secrets, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("now", "before", "subject"),
    [
        ("failure", '[{"conclusion": "success"}]', "the nightly build failed"),
        ("failure", '[{"conclusion": "failure"}]', "the nightly build failed"),
        ("failure", "[]", "the nightly build failed"),
        ("success", '[{"conclusion": "failure"}]', "the nightly build works again"),
        ("success", '[{"conclusion": "success"}]', None),
        ("success", "[]", None),
    ],
)
def test_a_failure_and_the_first_success_after_one_are_mailed(now, before, subject, mail_server, tmp_path):
    _after(now, before, mail_server, tmp_path)
    if subject is None:
        assert mail_server.lines == []
        return
    said = mail_server.lines
    assert LOGIN in said
    assert "RCPT TO:<on-call@example.org>" in said
    assert f"Subject: Sentinel: {subject}" in said
    assert RUN in said


def test_without_a_mail_server_the_night_is_no_worse(mail_server, tmp_path):
    assert "set the secrets SMTP_URL" in _after("failure", "[]", mail_server, tmp_path, SMTP_URL="")
    assert mail_server.lines == []
