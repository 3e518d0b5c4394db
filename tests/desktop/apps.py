"""Real programs with a text field, and how to read back what has arrived in it."""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Protocol

from Xlib import X
from Xlib.display import Display

from dictation.desktop.focus import Window, describe_window, focused_window, has_input_focus
from tests.hands import Hands
from tests.xsession import XSession, require, wait_until


class App(Protocol):
    """A program on the test desktop whose text field has the focus."""

    window: Window

    def text(self) -> str:
        """What the field holds now."""
        ...


def arrives(app: App, text: str) -> None:
    """Wait until the field holds this text and no other."""
    wait_until(lambda: app.text() == text, repr(text), instead=lambda: repr(app.text()))


_PATIENCE_SECONDS = 5.0


def await_focus(session: XSession, wm_class: str) -> Window:
    """The new window of a program, once it has the focus.

    On a busy computer a window manager may leave it without: then it is clicked on, as by a user.
    """
    display = Display(session.display)
    try:
        click_at = time.monotonic() + _PATIENCE_SECONDS

        def found() -> Window | None:
            nonlocal click_at
            window = focused_window(display)
            named = window is not None and window.wm_class.lower() == wm_class.lower()
            if window is not None and named and has_input_focus(display, window.id):
                return window
            if time.monotonic() >= click_at:
                click_at = time.monotonic() + _PATIENCE_SECONDS
                _click_on(display, wm_class)
            return None

        return wait_until(found, f"{wm_class} to have the focus")
    finally:
        display.close()


def _click_on(display: Display, wm_class: str) -> None:
    root = display.screen().root
    clients = root.get_full_property(display.intern_atom("_NET_CLIENT_LIST"), X.AnyPropertyType)
    for number in clients.value if clients else ():
        if describe_window(display, number).wm_class.lower() == wm_class.lower():
            window = display.create_resource_object("window", number)
            size = window.get_geometry()
            middle = root.translate_coords(window, size.width // 2, size.height // 2)
            with Hands(display.get_display_name()) as hands:
                hands.click(middle.x, middle.y)


class _FileApp:
    def __init__(self, window: Window, file: Path) -> None:
        self.window = window
        self._file = file

    def text(self) -> str:
        return self._file.read_bytes().decode("utf-8", "replace").replace("\r", "\n")


@contextmanager
def xterm(session: XSession, geometry: str = "80x24") -> Iterator[App]:
    """A terminal whose raw bytes go to a file."""
    require("xterm")
    with tempfile.TemporaryDirectory(dir=session.folder) as folder:
        file = Path(folder) / "typed"
        script = f'stty raw -echo; : > "{file}"; exec cat >> "{file}"'
        child = session.spawn(["xterm", "-u8", "-geometry", geometry, "-e", "sh", "-c", script])
        window = await_focus(session, "XTerm")
        wait_until(file.exists, "xterm's shell")
        yield _FileApp(window, file)
        session.end(child)


@contextmanager
def line_editor(session: XSession) -> Iterator[App]:
    """A terminal with a line editor (readline, as in a shell) that writes its line to a file."""
    require("xterm")
    with tempfile.TemporaryDirectory(dir=session.folder) as folder:
        file, start = Path(folder) / "line", Path(folder) / "start"
        start.write_text(
            "PS1='> '\n"
            f"dump() {{ printf %s \"$READLINE_LINE\" > '{file}'; }}\n"
            f"bind -x '\"\\C-x\\C-d\": dump'\n: > '{file}'\n"
        )
        child = session.spawn(["xterm", "-u8", "-e", "bash", "--noprofile", "--rcfile", str(start)])
        window = await_focus(session, "XTerm")
        wait_until(file.exists, "the shell")
        with Hands(session.display) as hands:
            yield _LineEditor(window, file, hands)
        session.end(child)


_ENTRY = """
import pathlib, sys, tkinter
file = pathlib.Path(sys.argv[1])
root = tkinter.Tk(className="Entrytest")
entry = tkinter.Entry(root, width=60)
entry.pack()
entry.bind("<FocusIn>", lambda event: dump())
entry.focus_set()
def dump():
    entry.unbind("<FocusIn>")
    part = file.with_suffix(".part")
    part.write_text(entry.get(), encoding="utf-8")
    part.replace(file)
    root.after(15, dump)
root.mainloop()
"""


@contextmanager
def tk_entry(session: XSession) -> Iterator[App]:
    """A Tk entry that writes its content to a file all the time."""
    with tempfile.TemporaryDirectory(dir=session.folder) as folder:
        file = Path(folder) / "entry"
        child = session.spawn([sys.executable, "-c", _ENTRY, str(file)])
        window = await_focus(session, "Entrytest")
        wait_until(file.exists, "the entry")
        yield _FileApp(window, file)
        session.end(child)


_PASSWORD = """
import gi, pathlib, sys
gi.require_version("Gtk", "3.0")
from gi.repository import GLib, Gtk
file = pathlib.Path(sys.argv[1])
window = Gtk.Window(title="Password")
window.set_wmclass("passwordtest", "Passwordtest")
entry = Gtk.Entry(visibility=sys.argv[2] == "shown", input_purpose=Gtk.InputPurpose.PASSWORD)
entry.connect("changed", lambda entry: file.write_text(entry.get_text()))
window.add(entry)
window.show_all()
file.touch()
Gtk.main()
"""


@contextmanager
def password_entry(session: XSession, look: Literal["shown", "hidden"]) -> Iterator[App]:
    """A GTK password field that writes its content to a file."""
    with tempfile.TemporaryDirectory(dir=session.folder) as folder:
        file = Path(folder) / "password"
        # PyGObject belongs to the system's Python.
        child = session.spawn(["/usr/bin/python3", "-c", _PASSWORD, str(file), look])
        window = await_focus(session, "Passwordtest")
        wait_until(file.exists, "the entry")
        yield _FileApp(window, file)
        session.end(child)


class _LineEditor(_FileApp):
    def __init__(self, window: Window, file: Path, hands: Hands) -> None:
        super().__init__(window, file)
        self._hands = hands

    def text(self) -> str:
        self._hands.tap("Control_L", "x")
        self._hands.tap("Control_L", "d")
        return super().text()


class _Mousepad(_FileApp):
    def __init__(self, window: Window, file: Path, hands: Hands) -> None:
        super().__init__(window, file)
        self._hands = hands

    def text(self) -> str:
        self._hands.tap("Control_L", "s")
        return super().text().removesuffix("\n")


@contextmanager
def mousepad(session: XSession) -> Iterator[App]:
    """A GTK editor; saves its file each time its text is asked for."""
    require("mousepad")
    with tempfile.TemporaryDirectory(dir=session.folder) as folder, Hands(session.display) as hands:
        file = Path(folder) / "note.txt"
        file.touch()
        child = session.spawn(["mousepad", "--disable-server", str(file)])
        yield _Mousepad(await_focus(session, "Mousepad"), file, hands)
        session.end(child)


_PAGE = """<title>Field</title><textarea rows=20 cols=80></textarea><script>
window.clicked = false; addEventListener("mousedown", () => { window.clicked = true });
</script>"""
_FIELD_HAS_FOCUS = "window.clicked && document.activeElement.tagName == 'TEXTAREA'"


@contextmanager
def chromium(session: XSession) -> Iterator[App]:
    """A browser with a textarea."""
    from playwright.sync_api import sync_playwright

    program = require("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            headless=False,
            args=["--no-sandbox", "--force-device-scale-factor=1", "--window-size=900,600"],
            env={**session.env},
        )
        page = browser.new_page()
        page.set_content(_PAGE)
        found = await_focus(session, "Chromium")

        def clicked() -> bool:
            # The address bar has the keyboard at first; a real click gives it to the field.
            x, y = page.evaluate(
                "[screenX + 40, screenY + outerHeight - innerHeight + 40].map(Math.round)"
            )
            with Hands(session.display) as hands:
                hands.click(x, y)
            return bool(page.evaluate(_FIELD_HAS_FOCUS))

        wait_until(clicked, "the field to have the focus", pause=0.2)

        class Browser:
            window = found

            def text(self) -> str:
                return str(page.input_value("textarea"))

        yield Browser()
        browser.close()


@contextmanager
def deaf_window(session: XSession) -> Iterator[Window]:
    """A window that takes neither pastes nor text of any kind."""
    display = Display(session.display)
    window = display.screen().root.create_window(0, 0, 90, 90, 0, X.CopyFromParent)
    window.set_wm_class("deaf", "Deaf")
    window.set_wm_name("Deaf")
    window.map()
    display.sync()
    try:
        yield await_focus(session, "Deaf")
    finally:
        display.close()


APPS = {"xterm": xterm, "tk": tk_entry, "mousepad": mousepad, "chromium": chromium}
