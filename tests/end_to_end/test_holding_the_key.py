"""Hold F9, speak, let go: the text is in the window, and nothing else has changed."""

import os
import socket
import subprocess
from collections.abc import Iterator

import psutil
import pytest
from PIL import Image

from tests.desktop.apps import APPS, App
from tests.end_to_end.dictating import dictate, hold
from tests.recordings import recordings
from tests.xsession import XSession, require, wait_until

RECORDINGS = recordings()


@pytest.fixture(scope="module", params=["xterm", "tk", "chromium"])
def app(request: pytest.FixtureRequest, desktop: XSession) -> Iterator[App]:
    with APPS[request.param](desktop) as found:
        yield found


@pytest.mark.parametrize("name", ["mandarin", "english", "mixed"])
def test_what_is_said_arrives_as_the_daemon_has_it(app, name, daemon, desktop, sound, hands):
    recording = RECORDINGS[name]
    was_there = put_into_clipboard(desktop, f"already copied: 旧的剪贴板 {name}\n".encode())
    dictate(lambda: hold(hands, sound, daemon, recording.path), daemon, desktop, app, recording)
    wait_until(lambda: clipboard(desktop) == was_there, "the old clipboard to be back")


def test_a_copied_picture_is_back_byte_for_byte(app, daemon, desktop, sound, hands, tmp_path):
    picture = tmp_path / "picture.png"
    Image.effect_noise((200, 100), 80).save(picture)
    was_there = put_into_clipboard(desktop, picture.read_bytes(), "image/png")
    recording = RECORDINGS["english"]
    dictate(lambda: hold(hands, sound, daemon, recording.path), daemon, desktop, app, recording)
    wait_until(lambda: clipboard(desktop, "image/png") == was_there, "the picture to be back")


def test_the_daemon_that_has_dictated_has_no_internet_socket(daemon):
    assert internet_sockets(daemon.process.pid) == []
    with socket.create_server(("127.0.0.1", 0)):
        assert len(internet_sockets(os.getpid())) >= 1


def internet_sockets(pid: int) -> list[object]:
    """The TCP and UDP sockets of a process and of all that it started."""
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    return [found for each in family for found in each.net_connections("inet")]


def put_into_clipboard(desktop: XSession, content: bytes, target: str = "UTF8_STRING") -> bytes:
    """Copy something, as another program that goes on running would."""
    file = desktop.folder / "copied"
    file.write_bytes(content)
    require("xclip")
    desktop.spawn(
        ["xclip", "-quiet", "-selection", "clipboard", "-target", target, "-in", str(file)]
    )
    wait_until(lambda: clipboard(desktop, target) == content, "xclip to offer it")
    return content


def clipboard(desktop: XSession, target: str = "UTF8_STRING") -> bytes | None:
    """What is in the clipboard now."""
    done = subprocess.run(
        ["xclip", "-selection", "clipboard", "-target", target, "-out"],
        env=desktop.env, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return done.stdout if done.returncode == 0 else None
