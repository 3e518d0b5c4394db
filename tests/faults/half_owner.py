"""A program that owns the clipboard and dies in the middle of handing it over.

As a program: python -m tests.faults.half_owner x11|wayland. It says when it owns the clipboard.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dictation.desktop.output import selections, wayland_desk
from dictation.desktop.output.offers import Offer, Payload
from dictation.desktop.output.selections import SelectionClient
from dictation.desktop.output.wayland_desk import WaylandDesk
from dictation.desktop.x11 import open_display
from tests.running import ROOT

CONTENT = b"half of this is not what was copied. " * 10_000
_PIECE = 50_000


@contextmanager
def half_owner(kind: str, env: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """One that owns the clipboard now."""
    command = [sys.executable, "-m", "tests.faults.half_owner", kind]
    with subprocess.Popen(command, env={**env}, cwd=ROOT, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        yield owner
        owner.kill()


def _own_on_x11() -> None:
    def pieces(payload: Payload) -> Iterator[bytes]:
        yield bytes(payload.data[:_PIECE])
        os.kill(os.getpid(), signal.SIGKILL)

    selections._pieces = pieces
    reader, _ = os.pipe()
    client = SelectionClient(open_display(os.environ["DISPLAY"]), reader)
    assert client.own("CLIPBOARD", Offer({"UTF8_STRING": Payload("UTF8_STRING", 8, CONTENT)}))
    print("ready", flush=True)
    client.pump(lambda: False, float("inf"))


def _own_on_wayland() -> None:
    def write(fd: int, content: bytes) -> None:
        os.write(fd, content[:_PIECE])
        os.kill(os.getpid(), signal.SIGKILL)

    wayland_desk._write = write
    desk = WaylandDesk(Path(os.environ["XDG_RUNTIME_DIR"]) / os.environ["WAYLAND_DISPLAY"])
    desk.own({"text/plain": CONTENT})
    print("ready", flush=True)
    signal.pause()


if __name__ == "__main__":
    {"x11": _own_on_x11, "wayland": _own_on_wayland}[sys.argv[1]]()
