"""The store over its real routes, without Prefect: a server of its own on loopback, and clients that lie."""

import errno
import hashlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from researchclaw import unit_store
from researchclaw.flow import store_routes
from researchclaw.flow.server_app import SameOrigin
from researchclaw.flow.store_routes import StoreRoutes
from researchclaw.server import free_port
from researchclaw.unit_store import FolderStore, NotWhatItSays, RemoteStore, StoreSilent
from stages.errors import SettingsError

SECRET = "ada:not-a-real-secret"


def name_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    """The routes with authentication, behind the door against other origins, before an application that is not asked."""
    port = free_port()
    app = SameOrigin(StoreRoutes(PlainTextResponse("prefect"), folder, SECRET), loopback=True)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        pass
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def store(url: str) -> Iterator[RemoteStore]:
    it = RemoteStore(url, SECRET)
    yield it
    it.close()


def raw(url: str, method: str, path: str, content: bytes = b"", **headers: str) -> httpx.Response:
    return httpx.request(method, url + path, content=content, auth=("ada", SECRET.partition(":")[2]), headers=headers, trust_env=False)


def test_a_file_comes_back_by_its_hash_and_is_fetched_once(store: RemoteStore, tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    name = name_of(data)
    assert not store.has(name)
    store.put(name, data)
    assert store.has(name)
    path = store.fetch(name, tmp_path)
    assert path.read_bytes() == data
    before = path.stat().st_ino
    assert store.fetch(name, tmp_path).stat().st_ino == before
    path.write_bytes(b"changed on disk")
    with pytest.raises(NotWhatItSays, match="has changed on this disk"):
        store.fetch(name, tmp_path)
    assert store.fetch(name, tmp_path).read_bytes() == data


def test_the_first_result_of_a_unit_stays(store: RemoteStore) -> None:
    unit, first, second = b"unit", b"first", b"second"
    for data in (unit, first, second):
        store.put(name_of(data), data)
    assert store.result(name_of(unit)) is None
    store.put_result(name_of(unit), name_of(first))
    store.put_result(name_of(unit), name_of(second))
    assert store.result(name_of(unit)) == name_of(first)


def test_of_many_results_at_once_one_stays(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    names = [name_of(bytes([number])) for number in range(16)]
    said: list[str] = []
    threads = [threading.Thread(target=lambda name=name: said.append(store.put_result("u" * 64, name))) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(said)) == 1
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["u" * 64]


def test_content_under_a_wrong_name_is_not_kept(url: str, store: RemoteStore, folder: Path) -> None:
    with pytest.raises(NotWhatItSays, match="arrived as"):
        store.put(name_of(b"the truth"), b"a lie")
    assert not store.has(name_of(b"the truth"))
    assert not [path for path in (folder / "files").iterdir() if path.name.startswith(".")]


def test_a_size_bomb_is_cut_off(url: str, store: RemoteStore, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_routes, "DATA_MAX", 1000)
    with pytest.raises(NotWhatItSays, match="more than 1000 bytes"):
        store.put(name_of(b"x" * 1001), b"x" * 1001)
    monkeypatch.undo()
    store.put(name_of(b"y" * 5000), b"y" * 5000)
    with pytest.raises(NotWhatItSays, match="more than 4096 bytes"):
        store.get(name_of(b"y" * 5000), limit=4096)
    monkeypatch.setattr(unit_store, "DATA_MAX", 4096)
    with pytest.raises(NotWhatItSays, match="more than 4096 bytes"):
        store.fetch(name_of(b"y" * 5000), folder / "here")
    assert list((folder / "here").iterdir()) == []


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_at_the_server_is_waited_for_and_leaves_no_part(
    url: str, store: RemoteStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = b"a result that took an hour"
    monkeypatch.setattr(store_routes, "FREE_AFTER", 1 << 60)
    with pytest.raises(StoreSilent, match=r"disk of the server at .* is full"):
        store.put(name_of(data), data)
    monkeypatch.undo()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for fill in (lambda: store.put(name_of(data), data), lambda: FolderStore(folder).put_result("a" * 64, name_of(data))):
            with pytest.raises((StoreSilent, OSError), match=r"is full|No space"):
                fill()
    assert not [path for path in folder.rglob(".*") if path.is_file()]
    patient = RemoteStore(url, SECRET, patience_s=10)
    monkeypatch.setattr(os, "fsync", full)
    threading.Timer(0.3, monkeypatch.undo).start()
    patient.put(name_of(data), data)
    patient.close()
    assert store.has(name_of(data))


def test_a_full_disk_at_the_worker_leaves_no_part_of_what_was_fetched(
    store: RemoteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(name_of(b"data"), b"data")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.fetch(name_of(b"data"), tmp_path / "here")
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize(
    "path", ["files/../../server.json", "files/..%2f..%2fserver.json", "files/" + "A" * 64, "files/", "units/" + "a" * 64]
)
def test_a_name_that_is_no_hash_is_no_path(url: str, path: str) -> None:
    for method in ("GET", "PUT"):
        answer = raw(url, method, f"/researchclaw/{path}", b"x")
        assert answer.status_code in (404, 200)
        assert answer.text != "x"
        assert answer.status_code == 404 or answer.text == "prefect"  # the client itself resolved '..'


@pytest.mark.parametrize(("body", "code"), [(b"", 400), (b"/etc/passwd", 400), (b"a" * 64, 400), (b"a" * 65, 413)])
def test_a_result_must_name_a_file_that_is_there(url: str, store: RemoteStore, body: bytes, code: int) -> None:
    store.put(name_of(b"a unit"), b"a unit")
    assert raw(url, "PUT", f"/researchclaw/results/{name_of(b'a unit')}", body).status_code == code


def test_a_result_of_no_unit_is_refused(url: str, store: RemoteStore) -> None:
    store.put(name_of(b"r"), b"r")
    assert raw(url, "PUT", f"/researchclaw/results/{'c' * 64}", name_of(b"r").encode()).status_code == 400


@pytest.mark.parametrize("secret", [None, "ada:guess", "ada:not-a-real-secret ", ":"])
def test_without_the_secret_nothing_is_read_or_written(url: str, secret: str | None) -> None:
    stranger = RemoteStore(url, secret)
    for ask in (lambda: stranger.has("a" * 64), lambda: stranger.put("a" * 64, b"x"), lambda: stranger.put_result("a" * 64, "b" * 64)):
        with pytest.raises(SettingsError, match="PREFECT_SERVER_API_AUTH_STRING"):
            ask()
    stranger.close()
    for header in ("Basic", "Basic %%%", "Bearer x", ""):
        assert httpx.get(f"{url}/researchclaw/files/{'a' * 64}", headers={"Authorization": header}).status_code == 401


def test_another_origin_is_refused(url: str) -> None:
    assert raw(url, "PUT", f"/researchclaw/files/{name_of(b'z')}", b"z", Origin="http://evil.example").status_code == 403


class _Liar(BaseHTTPRequestHandler):
    """A server that answers every question with the same bytes."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"lie")

    def do_HEAD(self) -> None:
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


def test_a_server_that_lies_or_is_another_program_is_found_out(tmp_path: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Liar)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    store = RemoteStore(f"http://127.0.0.1:{server.server_port}", None)
    try:
        with pytest.raises(NotWhatItSays, match="arrived as"):
            store.get("a" * 64)
        with pytest.raises(NotWhatItSays, match="arrived as"):
            store.fetch("a" * 64, tmp_path)
        with pytest.raises(NotWhatItSays, match="named no file"):
            store.result("a" * 64)
        with pytest.raises(SettingsError, match="no server of a researchclaw project"):
            store.has("a" * 64)
    finally:
        store.close()
        server.shutdown()
        server.server_close()
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_comes_back_is_waited_for(folder: Path) -> None:
    port = free_port()
    store = RemoteStore(f"http://127.0.0.1:{port}", None, patience_s=20)
    server = uvicorn.Server(
        uvicorn.Config(StoreRoutes(PlainTextResponse(""), folder, None), port=port, log_level="error", lifespan="off", ws="none")
    )
    timer = threading.Timer(0.3, server.run)
    timer.start()
    assert store.has("e" * 64) is False
    store.close()
    server.should_exit = True
    timer.join()
    impatient = RemoteStore(f"http://127.0.0.1:{port}", None, patience_s=0.1)
    with pytest.raises(StoreSilent):
        impatient.has("e" * 64)
    impatient.close()
