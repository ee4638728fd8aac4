"""The static server serves its folder below its base path, and nothing else."""

import gzip
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


def _get(server, path, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{server.server_address[1]}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
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


def test_who_takes_gzip_gets_the_compressed_copy(folder):
    (folder / "page").mkdir()
    for name, text in {"page/index.html": "page", "app.js": "script"}.items():
        (folder / name).write_text(text)
        (folder / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    server = start_site_server(folder, "127.0.0.1", 0)

    def get(path, accepts):
        status, body, headers = _get(server, path, **{"Accept-Encoding": accepts})
        return status, body, headers.get("content-encoding"), headers.get("content-type")

    try:
        for accepts in ("gzip", "br, gzip;q=0.8"):
            status, body, encoding, kind = get("/app.js", accepts)
            assert (status, gzip.decompress(body), encoding, kind) == (200, b"script", "gzip", "text/javascript")
            status, body, encoding, kind = get("/page/", accepts)
            assert (status, gzip.decompress(body), encoding, kind) == (200, b"page", "gzip", "text/html")
        for accepts in ("identity", "gzip;q=0", "br"):
            assert get("/app.js", accepts) == (200, b"script", None, "text/javascript")
        assert get("/data.wasm", "gzip") == (200, b"\0asm", None, "application/wasm")  # which has no copy
        assert get("/app.js/", "gzip")[0] == 404
    finally:
        server.shutdown()
        server.server_close()


def test_files_named_by_their_content_are_kept_by_browsers(folder):
    (folder / "_app/immutable").mkdir(parents=True)
    (folder / "_app/immutable/start.1f2e.js").write_text("script")
    server = start_site_server(folder, "127.0.0.1", 0)
    try:
        assert _get(server, "/_app/immutable/start.1f2e.js")[2]["cache-control"] == "max-age=31536000, immutable"
    finally:
        server.shutdown()
        server.server_close()
