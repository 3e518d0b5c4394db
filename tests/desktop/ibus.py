"""An X desktop whose programs take their text through IBus."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dictation.desktop.environment import Environment, read_environment
from dictation.desktop.ibus_address import read_ibus_address
from tests.xsession import XSession, require, wait_until, xsession

USERS_ENGINE = "xkb:us::eng"


@contextmanager
def ibus_desktop() -> Iterator[XSession]:
    """A desktop with a running IBus; the user's engine is a plain US keyboard."""
    require("ibus-daemon")
    with xsession() as session:
        session.env |= {
            "GTK_IM_MODULE": "ibus",
            "QT_IM_MODULE": "ibus",
            "XMODIFIERS": "@im=ibus",
        }
        start_ibus(session)
        yield session


def start_ibus(session: XSession) -> "subprocess.Popen[bytes]":
    xim = ["--xim"] if "DISPLAY" in session.env else []
    daemon = session.spawn(
        ["ibus-daemon", *xim, "--panel=disable", "--emoji-extension=disable",
         "--config=disable", "--cache=none"]
    )  # fmt: skip
    wait_until(lambda: _address(session), "IBus")

    def in_use() -> bool:
        # Its exit status speaks of the X keyboard's layout too, which Wayland has none of.
        _run(session, ["ibus", "engine", USERS_ENGINE])
        return current_engine(session) == USERS_ENGINE

    wait_until(in_use, "the user's engine")
    return daemon


def _address(session: XSession) -> str | None:
    file = read_environment(session.env, "linux").ibus_file
    return read_ibus_address(file) if isinstance(file, Path) else None


def current_engine(session: XSession) -> str:
    """The name of the engine in use, as another program sees it."""
    return _run(session, ["ibus", "engine"]).stdout.decode().strip()


def ibus_environment(session: XSession) -> Environment:
    return read_environment(session.env, "linux")


def _run(session: XSession, command: list[str]) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(command, env=session.env, capture_output=True, timeout=60, check=False)
