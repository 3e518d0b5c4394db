"""A headless Wayland desktop: sway with a keyboard, and programs whose text can be read back."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dictation.desktop.environment import Environment, read_environment
from dictation.desktop.focus import SwayFocus, Window
from dictation.desktop.keys import KeySpec
from dictation.desktop.output.wayland_desk import WaylandDesk
from dictation.desktop.output.wayland_keys import stroke
from tests.xsession import XSession, require, wait_until

_CONFIG = """
xwayland disable
output HEADLESS-1 resolution 1024x600 bg #203040 solid_color
default_border none
focus_follows_mouse no
"""
_USER = 1000
"""sway refuses to run as root; any other user will do."""


@contextmanager
def sway_desktop() -> Iterator[XSession]:
    """Run sway without a screen; a sleeping virtual keyboard stands in for a real one."""
    for program in ("sway", "wtype", "dbus-daemon", "setpriv"):
        require(program)
    with tempfile.TemporaryDirectory(prefix="dictation-w-") as name:
        folder = Path(name)
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700)
        (folder / "config").write_text(_CONFIG)
        keep = {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)}
        session = XSession(
            env={
                **keep,
                "HOME": str(folder),
                "LANG": "C.UTF-8",
                "XDG_RUNTIME_DIR": str(runtime),
                "XDG_SESSION_TYPE": "wayland",
                "XDG_CURRENT_DESKTOP": "sway",
                "XDG_CONFIG_HOME": str(folder / "settings"),
                "XDG_CACHE_HOME": str(folder / "cache"),
                "DBUS_SESSION_BUS_ADDRESS": f"unix:path={runtime}/bus",
                "WLR_BACKENDS": "headless",
                "WLR_RENDERER": "pixman",
                "WLR_LIBINPUT_NO_DEVICES": "1",
                "GSETTINGS_BACKEND": "memory",
                "NO_AT_BRIDGE": "1",
                "GTK_USE_PORTAL": "0",
                "GDK_BACKEND": "wayland",
            },
            folder=folder,
        )
        try:
            _start(session, folder, runtime)
            yield session
        finally:
            session.close()
            # The portal for documents, where something has asked for portals, ends with the bus.
            wait_until(lambda: name not in Path("/proc/mounts").read_text(), "its end")


_FOREIGN = ("DISPLAY", "WAYLAND", "XDG_", "DBUS_", "GTK_", "QT_", "XMOD", "SWAY", "IBUS")


def _start(session: XSession, folder: Path, runtime: Path) -> None:
    if os.getuid() == 0:
        for path in (folder, runtime, folder / "config"):
            os.chown(path, _USER, _USER)
    session.spawn(
        ["dbus-daemon", "--session", "--nofork", "--nopidfile",
         f"--address=unix:path={runtime}/bus"]
    )  # fmt: skip
    wait_until((runtime / "bus").exists, "the session bus")
    start_sway(session)


def start_sway(session: XSession) -> None:
    """Start sway, again where one has died; the session's environment is the new one's then."""
    runtime = Path(session.env["XDG_RUNTIME_DIR"])
    for left in (*runtime.glob("wayland-*"), *runtime.glob("sway-ipc.*.sock")):
        left.unlink()
    session.spawn([*as_user(), "sway", "-c", str(session.folder / "config")])
    found = wait_until(lambda: _sockets(runtime), "sway")
    session.env |= {"WAYLAND_DISPLAY": found[0], "SWAYSOCK": found[1]}
    session.spawn(["wtype", "-s", "3600000"])


def kill_sway(session: XSession) -> None:
    """Let sway die in the middle of whatever it does."""
    sway = next(each for each in reversed(session.children) if "sway" in each.args)
    sway.kill()
    sway.wait(60)


def as_user() -> list[str]:
    """What a command begins with that is to run as sway's user."""
    if os.getuid() != 0:
        return []
    return ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"]


def _sockets(runtime: Path) -> tuple[str, str] | None:
    display = [path.name for path in runtime.glob("wayland-*") if path.suffix != ".lock"]
    control = list(runtime.glob("sway-ipc.*.sock"))
    return (display[0], str(control[0])) if display and control else None


def sway_environment(session: XSession) -> Environment:
    return read_environment(session.env, "linux")


def await_window(session: XSession, wanted: Callable[[Window], bool], what: str) -> Window:
    """The first window that is wanted, once it has the focus."""
    focus = SwayFocus(Path(session.env["SWAYSOCK"]))

    def found() -> Window | None:
        window = focus()
        return window if window is not None and wanted(window) else None

    return wait_until(found, f"{what} to have the focus")


def clipboard(session: XSession, kind: str = "text/plain") -> bytes:
    """What an independent program reads from the clipboard."""
    return subprocess.run(
        [require("wl-paste"), "--no-newline", "--type", kind],
        env=session.env, capture_output=True, timeout=60, check=False,
    ).stdout  # fmt: skip


def copy(session: XSession, content: bytes, kind: str = "text/plain") -> None:
    """Let an independent program own the clipboard."""
    subprocess.run(
        [require("wl-copy"), "--type", kind],
        env=session.env, input=content, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        timeout=60, check=True,
    )  # fmt: skip


@dataclass
class _FileApp:
    window: Window
    file: Path

    def text(self) -> str:
        return self.file.read_bytes().decode("utf-8", "replace").replace("\r", "\n")


@contextmanager
def foot(session: XSession) -> Iterator[_FileApp]:
    """A terminal whose raw bytes go to a file."""
    require("foot")
    with tempfile.TemporaryDirectory(dir=session.folder) as folder:
        file = Path(folder) / "typed"
        script = f'stty raw -echo; : > "{file}"; exec cat >> "{file}"'
        child = session.spawn(["foot", "sh", "-c", script])
        window = await_window(session, lambda window: window.pid == child.pid, "foot")
        wait_until(file.exists, "foot's shell")
        yield _FileApp(window, file)
        session.end(child)


@dataclass
class _Mousepad(_FileApp):
    desk: WaylandDesk

    def text(self) -> str:
        self.desk.press([stroke(KeySpec("s", ("ctrl",)))])
        return super().text().removesuffix("\n")


@contextmanager
def mousepad(session: XSession) -> Iterator[_FileApp]:
    """A GTK editor that takes its text through IBus; saves its file when its text is asked for."""
    require("mousepad")
    desk = WaylandDesk(Path(session.env["XDG_RUNTIME_DIR"]) / session.env["WAYLAND_DISPLAY"])
    with tempfile.TemporaryDirectory(dir=session.folder) as folder:
        file = Path(folder) / "note.txt"
        file.touch()
        child = session.spawn(
            ["mousepad", "--disable-server", str(file)], {"GTK_IM_MODULE": "ibus"}
        )
        window = await_window(session, lambda window: window.pid == child.pid, "mousepad")
        yield _Mousepad(window, file, desk)
        session.end(child)
    desk.close()


_PAGE = "<title>Field</title><textarea autofocus rows=20 cols=80></textarea>"


@contextmanager
def chromium(session: XSession) -> Iterator["object"]:
    """A browser with a textarea, on Wayland."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        # A window without an address bar: nothing else in it can have the keyboard.
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=require("chromium"),
            headless=False,
            args=["--no-sandbox", "--ozone-platform=wayland", f"--app=data:text/html,{_PAGE}"],
            env={**session.env},
        )
        page = context.pages[0]
        window_ = await_window(
            session, lambda window: "chrom" in window.wm_class.lower(), "Chromium"
        )
        page.focus("textarea")

        class Browser:
            window = window_

            def text(self) -> str:
                return str(page.input_value("textarea"))

        yield Browser()
        context.close()
