"""Nobody else gets in, nothing gets out, and nothing of what was given stays."""

import http.client
import random
import re
import signal
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import expect

from tests.web.conftest import HEARD, serving
from tests.web.test_page import TRANSCRIBE, give, transcribe
from tests.xsession import wait_until


@contextmanager
def names_seen_in(folder: Path) -> Iterator[set[str]]:
    """Every name that a file below a folder has had, looked for all the time."""
    seen: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.01):
            seen.update(
                str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
            )

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def sounds_held(server) -> list[str]:
    """The files in the temporary folder that the server has open, unnamed ones included."""
    return [
        target
        for link in Path(f"/proc/{server.process.pid}/fd").iterdir()
        if (target := _target(link)).startswith(str(server.temporary))
    ]


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return ""


def test_an_upload_leaves_no_file_behind_whatever_becomes_of_it(open_page, server, sound, tmp_path):
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(random.Random(0).randbytes(3_000_000))
    with names_seen_in(server.temporary) as seen:
        page = open_page()
        transcribe(page, sound("good.wav", 20), broken)
        expect(page.locator("textarea")).to_have_value(HEARD * 20)
        give(page, sound("cancelled.wav", 150))
        page.locator(TRANSCRIBE).click()
        expect(page.locator(".st-key-progress")).to_contain_text(HEARD)
        page.locator(".st-key-cancel button").click()
        expect(page.locator(TRANSCRIBE)).to_be_enabled()
        give(page, sound("closed.wav", 150))
        page.locator(TRANSCRIBE).click()
        expect(page.locator(".st-key-progress")).to_contain_text(HEARD)
        page.close()
    assert seen == set()
    assert sounds_held(server) == []


def bytes_held(server) -> int:
    """How much of what was given to it the server still has: uploads, and what players play."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/_stcore/metrics")
    told = connection.getresponse().read().decode()
    connection.close()
    held = re.findall(
        r'^cache_memory_bytes\{cache_type="(?!st_session).*\} (\d+)$', told, re.MULTILINE
    )
    return sum(map(int, held))


def test_a_closed_tab_is_forgotten_with_its_sounds_and_its_work(open_page, server, sound):
    wait_until(lambda: bytes_held(server) == 0, "the tabs of other tests to be forgotten", 60, 0.5)
    page = open_page()
    transcribe(page, sound("done.wav"))
    give(page, sound("long.wav", 150))
    page.locator(TRANSCRIBE).click()
    expect(page.locator(".st-key-progress")).to_contain_text(HEARD)
    wait_until(lambda: bytes_held(server) > 16_000_000, "the sounds to be counted", 30, 0.5)
    page.close()
    wait_until(lambda: bytes_held(server) == 0, "the sounds to go", 60, 0.5)
    process = psutil.Process(server.process.pid)
    wait_until(lambda: process.cpu_percent(1.0) < 50, "the work to end", 60)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_server_leaves_no_sound_and_the_next_one_sweeps_and_works(
    tmp_path, tiny_model, open_page, sound, end
):
    with serving(tmp_path, tiny_model) as first:
        page = open_page(first.url)
        give(page, sound("long.wav", 100))
        page.locator(TRANSCRIBE).click()
        expect(page.locator(".st-key-progress")).to_contain_text(HEARD)
        folder = next(first.temporary.iterdir())
        assert list(folder.iterdir()) == []
        (folder / "left-over.wav").write_bytes(b"as if written by a library")
        first.process.send_signal(end)
        first.process.wait(30)
        page.context.close()
    with serving(tmp_path, tiny_model, port=first.port) as second:
        assert [path for path in second.temporary.rglob("*") if path.is_file()] == []
        page = open_page(second.url)
        transcribe(page, sound("short.wav"))
        expect(page.locator("textarea")).to_have_value(HEARD)
    assert list(second.temporary.iterdir()) == []
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_the_page_asks_nothing_of_the_internet(open_page, server, sound):
    asked: set[str] = set()
    page = open_page()
    for tab in (page, page.context.new_page()):
        tab.on("request", lambda request: asked.add(request.url))
        tab.on("websocket", lambda channel: asked.add(channel.url))
        tab.goto(server.url)
        expect(tab.locator(TRANSCRIBE)).to_be_visible()
    transcribe(page, sound())
    page.wait_for_timeout(1000)
    foreign = {url for url in asked if not re.match(
        rf"(https?|ws)://127\.0\.0\.1:{server.port}/|data:|blob:", url
    )}  # fmt: skip
    assert len(asked) > 10
    assert foreign == set()


def test_the_server_listens_on_this_computer_only_and_calls_nobody(server):
    process = psutil.Process(server.process.pid)
    connections = process.net_connections(kind="inet")
    listening = {each.laddr for each in connections if each.status == psutil.CONN_LISTEN}
    assert listening == {("127.0.0.1", server.port)}
    assert all(each.raddr.ip == "127.0.0.1" for each in connections if each.raddr)


def answer(server, path="/", method="GET", **headers) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.putrequest(method, path, skip_host="Host" in names)
    for name, value in names.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def handshake(server, **headers) -> int:
    return answer(
        server, "/_stcore/stream",
        Upgrade="websocket", Connection="Upgrade", Sec_WebSocket_Version="13",
        Sec_WebSocket_Key=b64encode(b"sixteen bytes ok").decode(), **headers,
    ).status  # fmt: skip


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/_stcore/host-config", "/media/x.wav"])
@pytest.mark.parametrize("host", [
    "evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "127.0.0.1:1",
    "[::1]:{port}", "", "localhost@evil.example:{port}",
])  # fmt: skip
def test_a_name_that_is_made_to_point_here_is_refused(server, path, host):
    assert answer(server, path, Host=host.format(port=server.port)).status in (400, 403)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1:1"]
)
def test_a_foreign_site_is_refused(server, origin):
    origin = origin.format(port=server.port)
    assert answer(server, Origin=origin).status == 403
    assert answer(server, "/_stcore/upload_file/a/b", "PUT", Origin=origin).status == 403
    assert handshake(server, Origin=origin) == 403


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_this_computer_is_let_in_by_both_of_its_names(server, name):
    own = f"{name}:{server.port}"
    response = answer(server, Host=own, Origin=f"http://{own}")
    assert response.status == 200
    assert "default-src 'self'" in response.getheader("Content-Security-Policy")
    assert handshake(server, Host=own, Origin=f"http://{own}") == 101


def test_an_upload_without_the_token_of_the_page_is_refused(server):
    assert answer(server, "/_stcore/upload_file/session/file", "PUT").status in (400, 403)


def test_nothing_answers_on_other_addresses(server):
    addresses = [each.address for cards in psutil.net_if_addrs().values() for each in cards
                 if each.family == socket.AF_INET and each.address != "127.0.0.1"]  # fmt: skip
    for address in addresses:
        with pytest.raises(OSError, match=r"refused|timed out"):
            socket.create_connection((address, server.port), 2)
