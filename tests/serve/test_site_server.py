"""The static server serves its folder below its base path, and nothing else."""

import urllib.error
import urllib.request

import pytest

from sentinel_orchestration.serve.site import start_site_server


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("home")
    (tmp_path / "site" / "data.wasm").write_bytes(b"\0asm")
    (tmp_path / "secret.txt").write_text("secret")
    return tmp_path / "site"


def _get(server, path):
    url = f"http://127.0.0.1:{server.server_address[1]}{path}"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read(), {k.lower(): v for k, v in answer.headers.items()}
    except urllib.error.HTTPError as error:
        return error.code, b"", {}


def test_serves_files_with_the_types_browsers_ask_for(folder):
    server = start_site_server(folder, "127.0.0.1", 0)
    try:
        status, body, headers = _get(server, "/")
        assert (status, body, headers["cache-control"]) == (200, b"home", "no-cache")
        assert _get(server, "/data.wasm")[2]["content-type"] == "application/wasm"
        assert _get(server, "/../secret.txt")[0] == 404
        assert _get(server, "/%2e%2e/secret.txt")[0] == 404
    finally:
        server.shutdown()
        server.server_close()


def test_with_a_base_path_nothing_is_served_outside_it(folder):
    server = start_site_server(folder, "127.0.0.1", 0, "/fleet")
    try:
        assert _get(server, "/fleet/")[1] == b"home"
        assert _get(server, "/")[1] == b"home"  # redirected
        assert _get(server, "/index.html")[0] == 404
        assert _get(server, "/fleetx/index.html")[0] == 404
    finally:
        server.shutdown()
        server.server_close()
