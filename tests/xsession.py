"""A private X11 desktop for tests: Xvfb, window manager, panel, session bus and runtime folder."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest


def require(program: str) -> str:
    """The path of a program; skips the test where it is not installed."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed (apt install {PACKAGES.get(program, program)})")
    return found


PACKAGES = {
    "Xvfb": "xvfb",
    "dbus-daemon": "dbus",
    "import": "imagemagick",
    "xrandr": "x11-xserver-utils",
}
"""Debian packages whose name is not the program's."""


def wait_until(
    condition: Callable[[], object],
    what: str,
    seconds: float = 60.0,
    pause: float = 0.02,
    instead: Callable[[], object] | None = None,
) -> Any:
    """The first true value of `condition`; fails the test when none came in time.

    That is long: a busy machine may do nothing for many seconds, and who is patient loses no time.
    `instead`: what there is then, for the failure to tell.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            found = "" if instead is None else f"; there is {instead()}"
            pytest.fail(f"waited {seconds} s in vain for {what}{found}")
        time.sleep(pause)


@dataclass
class XSession:
    """A running desktop; `env` is the whole environment for programs that live on it."""

    env: dict[str, str]
    folder: Path
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _logs: list[IO[bytes]] = field(default_factory=list)

    @property
    def display(self) -> str:
        """The display's name, such as ":5"."""
        return self.env["DISPLAY"]

    def spawn(
        self, command: Sequence[str], env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program on this desktop; it is ended with the session at the latest."""
        log = (self.folder / f"{Path(command[0]).name}-{len(self.children)}.log").open("wb")
        self._logs.append(log)
        child = subprocess.Popen(
            list(command),
            env={**self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.children.append(child)
        return child

    def start_panel(self, panel: str) -> subprocess.Popen[bytes]:
        """Start tint2 (XEmbed tray) or xfce4-panel (StatusNotifier tray) and await its tray."""
        require(panel)
        child = self.spawn([panel])
        if panel == "tint2":
            wait_until(lambda: tray_owner(self.display), "tint2's system tray")
        else:
            wait_until(lambda: self.bus_has("org.kde.StatusNotifierWatcher"), "the panel's watcher")
        return child

    def bus_has(self, name: str) -> bool:
        """Whether somebody owns a name on the session bus."""
        reply = subprocess.run(
            ["dbus-send", "--session", "--print-reply=literal", "--dest=org.freedesktop.DBus",
             "/", "org.freedesktop.DBus.NameHasOwner", f"string:{name}"],
            env=self.env, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        return b"true" in reply.stdout

    def end(self, child: subprocess.Popen[bytes]) -> None:
        """End one program (with its own children) and wait for it."""
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait(60)

    def close(self) -> None:
        """End everything that was started here, the newest first."""
        for child in reversed(self.children):
            self.end(child)
        for log in self._logs:
            log.close()


def tray_owner(display: str) -> int:
    """The window that owns the XEmbed system tray, 0 when there is none."""
    from Xlib.display import Display

    connection = Display(display)
    try:
        owner = connection.get_selection_owner(connection.intern_atom("_NET_SYSTEM_TRAY_S0"))
        return int(getattr(owner, "id", owner))
    finally:
        connection.close()


@contextmanager
def xsession(
    *,
    window_manager: str | None = "openbox",
    panel: str | None = None,
    size: str = "1280x800",
) -> Iterator[XSession]:
    """Run a desktop on a free display; skips the test where a program it needs is missing."""
    for program in ("Xvfb", "dbus-daemon", *filter(None, (window_manager, panel))):
        require(program)
    with tempfile.TemporaryDirectory(prefix="dictation-x-") as name:
        folder = Path(name)
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700)
        base = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
        session = XSession(env={**base, "HOME": str(folder)}, folder=folder)
        session.env |= {
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": str(runtime),
            "XDG_SESSION_TYPE": "x11",
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "GTK_USE_PORTAL": "0",
            "NO_AT_BRIDGE": "1",
            "GSETTINGS_BACKEND": "memory",
        }
        try:
            _start_server(session, size)
            _start_bus(session)
            if window_manager:
                session.spawn([window_manager])
                wait_until(lambda: _managed(session.display), f"{window_manager} to manage windows")
            if panel:
                session.start_panel(panel)
            yield session
        finally:
            session.close()


_FOREIGN = ("DISPLAY", "WAYLAND", "XDG_", "DBUS_", "XAUTHORITY", "PULSE_", "GTK_", "QT_", "XMOD")


def _start_server(session: XSession, size: str) -> None:
    reader, writer = os.pipe()
    log = (session.folder / "Xvfb.log").open("wb")
    session._logs.append(log)
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{size}x24", "-noreset",
         "-nolisten", "tcp"],
        pass_fds=[writer], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        start_new_session=True,
    )  # fmt: skip
    os.close(writer)
    session.children.append(server)
    with os.fdopen(reader) as pipe:
        number = pipe.readline().strip()
    if not number:
        pytest.fail(f"Xvfb did not start: {(session.folder / 'Xvfb.log').read_text()}")
    session.env["DISPLAY"] = f":{number}"


def _start_bus(session: XSession) -> None:
    address = f"unix:path={session.env['XDG_RUNTIME_DIR']}/bus"
    session.env["DBUS_SESSION_BUS_ADDRESS"] = address
    session.spawn(["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={address}"])
    socket = Path(session.env["XDG_RUNTIME_DIR"]) / "bus"
    wait_until(socket.exists, "the session bus")


def _managed(display: str) -> bool:
    from Xlib import X
    from Xlib.display import Display

    connection = Display(display)
    try:
        root = connection.screen().root
        atom = connection.intern_atom("_NET_SUPPORTING_WM_CHECK")
        return root.get_full_property(atom, X.AnyPropertyType) is not None
    finally:
        connection.close()
