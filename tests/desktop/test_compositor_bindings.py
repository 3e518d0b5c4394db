"""The compositor's own bindings, as the README gives them: a real sway, the real command."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dictation.control.place import socket_path
from tests.desktop.sway import as_user, sway_desktop
from tests.xsession import XSession, require, wait_until

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BINDINGS = re.findall(r"^bindsym .*$", README, re.MULTILINE)

_SERVER = """
import signal, sys
from concurrent.futures import Future
from pathlib import Path
from dictation.control.protocol import DaemonStatus, Reply
from dictation.control.server import ControlServer

def answer(request):
    with Path(sys.argv[1]).open("a") as log:
        print(request.command, file=log)
    reply = Future()
    reply.set_result(Reply(DaemonStatus(pid=1, status="listening")))
    return reply

server = ControlServer(answer)
server.start()
signal.sigwait([signal.SIGTERM])
server.close()
"""


@pytest.fixture(scope="module")
def desktop() -> Iterator[XSession]:
    with sway_desktop() as session:
        yield session


@pytest.fixture(scope="module")
def asked(desktop: XSession) -> Path:
    """What the daemon is asked for, a line each; it runs as the user of the compositor."""
    log = Path(desktop.env["XDG_RUNTIME_DIR"]) / "asked"
    desktop.spawn([*as_user(), sys.executable, "-c", _SERVER, str(log)])
    folder = Path(desktop.env["XDG_RUNTIME_DIR"]) / "dictation"
    wait_until(socket_path(folder).exists, "the control socket")
    program = command_for_all(desktop.folder)
    for binding in BINDINGS:
        command = binding.replace("exec dictation", f"exec {program}")
        done = subprocess.run(
            ["swaymsg", command], env=desktop.env, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout
    return log


def command_for_all(folder: Path) -> Path:
    """`dictation` so that the compositor's user can run it, whoever runs the tests.

    Commands to the daemon need no more than Python itself.
    """
    shutil.copytree(ROOT / "dictation", folder / "copy" / "dictation")
    python = sys.executable if os.getuid() else require("/usr/bin/python3")
    script = folder / "dictation"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}/copy" exec "{python}" -m dictation "$@"\n')
    script.chmod(0o755)
    return script


def wtype(desktop: XSession, *arguments: str) -> None:
    subprocess.run(["wtype", *arguments], env=desktop.env, timeout=60, check=True)


def commands(log: Path) -> list[str]:
    return log.read_text().split() if log.exists() else []


def test_the_readme_has_bindings_to_hold_and_to_toggle():
    assert len(BINDINGS) == 3


def test_a_held_key_starts_once_and_stops_when_it_comes_up(desktop: XSession, asked: Path):
    before = len(commands(asked))
    wtype(desktop, "-P", "F9", "-s", "1500", "-p", "F9")
    wait_until(lambda: len(commands(asked)) >= before + 2, "start and stop")
    assert sorted(commands(asked)[before:]) == ["start", "stop"]


def test_a_tapped_key_toggles(desktop: XSession, asked: Path):
    before = len(commands(asked))
    wtype(desktop, "-k", "F10")
    wait_until(lambda: len(commands(asked)) > before, "the tap")
    assert commands(asked)[before:] == ["toggle"]
