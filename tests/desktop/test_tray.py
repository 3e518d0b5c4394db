"""The tray icon in real panels: seen, clicked, and driven over D-Bus."""

import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from Xlib import X
from Xlib.display import Display

from dictation.desktop.environment import Environment, read_environment
from dictation.desktop.tray import (
    ChooseDisplay,
    ChooseModel,
    CopyText,
    NoTray,
    OpenSettings,
    Tray,
    TrayAction,
    TrayFacts,
    TrayView,
    check_tray,
    choose_tray,
    open_tray,
)
from dictation.desktop.tray.icons import LANGUAGE_COLOURS, draw_icon
from dictation.desktop.tray.menu import build_menu, shortened
from dictation.desktop.tray.sni import SniTray, TrayError
from dictation.events import Command, SetLanguage, SetMicrophone, SetMode, SetMuted
from tests.hands import Hands
from tests.screen import number, screen_colours
from tests.xsession import XSession, wait_until, xsession

IDLE = TrayView("idle")
FULL = TrayView(
    "idle",
    microphones=("Built-in", "Headset"),
    model="starter",
    models=("starter", "u2pp"),
    history=("今天下午三点开会", "The code is 404."),
)
EXPECTED: dict[int, TrayAction] = {
    3: Command("toggle"), 4: SetMuted("on"),
    100: SetLanguage("auto"), 101: SetLanguage("zh"), 102: SetLanguage("en"),
    200: SetMicrophone(""), 201: SetMicrophone("Built-in"), 202: SetMicrophone("Headset"),
    300: SetMode("hold"), 301: SetMode("toggle"), 302: SetMode("double-tap"),
    303: SetMode("hands-free"),
    400: ChooseModel("starter"), 401: ChooseModel("u2pp"),
    11: Command("copy_last"), 12: Command("undo"),
    500: CopyText("今天下午三点开会"), 501: CopyText("The code is 404."),
    600: ChooseDisplay("auto"), 601: ChooseDisplay("en"), 602: ChooseDisplay("zh"),
    16: OpenSettings(), 17: OpenSettings("about"), 18: Command("quit"),
}  # fmt: skip
SPEAKING = TrayView("speaking", "zh", "zh", "zh")


@pytest.fixture(scope="module")
def panel() -> Iterator[XSession]:
    with xsession(panel="xfce4-panel") as session:
        yield session


@contextmanager
def shown(session: XSession, view: TrayView) -> Iterator[tuple[Tray, list[TrayAction]]]:
    actions: list[TrayAction] = []
    tray = open_tray(read_environment(session.env, "linux"))
    tray.start(view, actions.append)
    try:
        yield tray, actions
    finally:
        tray.close()


def call(session: XSession, path: str, interface: str, member: str, *body: Any) -> list[Any]:
    """Call the one tray item on the session's bus as a panel would."""
    signature, arguments = (body[0], list(body[1:])) if body else ("", [])

    async def ask() -> list[Any]:
        bus = await MessageBus(bus_address=session.env["DBUS_SESSION_BUS_ADDRESS"]).connect()

        async def send(to: str, at: str, face: str, name: str, kind: str, given: list[Any]) -> Any:
            reply = await bus.call(
                Message(
                    destination=to, path=at, interface=face, member=name, signature=kind, body=given
                )
            )
            assert reply is not None
            assert reply.message_type is MessageType.METHOD_RETURN, reply.body
            return reply.body

        driver = "org.freedesktop.DBus"
        names = (await send(driver, "/", driver, "ListNames", "", []))[0]
        (item,) = [name for name in names if name.startswith("org.kde.StatusNotifierItem-")]
        answer = await send(item, path, interface, member, signature, arguments)
        bus.disconnect()
        await bus.wait_for_disconnect()
        return answer

    return asyncio.run(ask())


def menu_call(session: XSession, member: str, *body: Any) -> list[Any]:
    return call(session, "/Menu", "com.canonical.dbusmenu", member, *body)


def item_property(session: XSession, name: str) -> Any:
    face = "org.kde.StatusNotifierItem"
    answer = call(
        session, "/StatusNotifierItem", "org.freedesktop.DBus.Properties", "Get", "ss", face, name
    )
    return answer[0].value


def registered(session: XSession) -> list[str]:
    face = "org.kde.StatusNotifierWatcher"
    reply = subprocess.run(
        ["dbus-send", "--session", "--print-reply", f"--dest={face}", "/StatusNotifierWatcher",
         "org.freedesktop.DBus.Properties.Get", f"string:{face}",
         "string:RegisteredStatusNotifierItems"],
        env=session.env, capture_output=True, timeout=60, check=False, text=True,
    )  # fmt: skip
    return [line for line in reply.stdout.splitlines() if "StatusNotifierItem-" in line]


def find_icon(session: XSession, colour: str) -> tuple[int, int] | None:
    """The middle of the pixels of a colour on the screen; None when there are too few."""
    rows, columns = np.nonzero(screen_colours(session.display) == number(colour))
    if len(rows) < 30:
        return None
    # The median: other things on the screen may have a few pixels of the colour.
    return int(np.median(columns)), int(np.median(rows))


IDLE_COLOUR, LISTENING_COLOUR = "#3d4655", "#c8372d"


def idle_icon(session: XSession) -> tuple[int, int]:
    """Where the icon is to be clicked: a panel shows it before it has put it into its place."""

    def at_rest() -> tuple[int, int] | None:
        found = find_icon(session, IDLE_COLOUR)
        time.sleep(0.3)
        return found if found == find_icon(session, IDLE_COLOUR) else None

    x, y = wait_until(at_rest, "the icon to stay where it is")
    return int(x), int(y)


def test_the_panel_shows_the_icon_and_a_click_toggles(panel: XSession) -> None:
    with shown(panel, IDLE) as (tray, actions), Hands(panel.display) as hands:
        x, y = idle_icon(panel)
        hands.click(x, y)
        wait_until(lambda: actions == [Command("toggle")], "the click")
        tray.update(TrayView("listening"))
        wait_until(lambda: find_icon(panel, LISTENING_COLOUR), "the listening icon")
    wait_until(lambda: not registered(panel), "the icon to go")


def test_a_click_in_the_menu_chooses(panel: XSession) -> None:
    with shown(panel, IDLE) as (_, actions), Hands(panel.display) as hands:
        x, y = idle_icon(panel)
        hands.click(x, y, button=3)

        def chosen() -> bool:
            press(hands, "End", "Return")
            return actions == [Command("quit")]

        wait_until(chosen, "the last entry to be chosen")


@pytest.mark.parametrize(
    ("keys", "action"),
    [
        (("Down", "Down", "Return"), SetMuted("on")),
        (("Down",) * 3 + ("Right", "Down", "Return"), SetLanguage("zh")),
        (("Down",) * 4 + ("Right", "Down", "Down", "Return"), SetMicrophone("Headset")),
        (("Down",) * 9 + ("Right", "Return"), CopyText("今天下午三点开会")),
        (("End", "Up", "Up", "Up", "Right", "Down", "Down", "Return"), ChooseDisplay("zh")),
        (("End", "Up", "Up", "Return"), OpenSettings()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_submenus_are_gone_through_with_the_keyboard(
    panel: XSession, keys: tuple[str, ...], action: TrayAction
) -> None:
    with shown(panel, FULL) as (_, actions), Hands(panel.display) as hands:

        def chosen() -> bool:
            hands.tap("Escape")
            hands.tap("Escape")
            x, y = idle_icon(panel)
            hands.click(x, y, button=3)
            press(hands, *keys)
            return bool(actions)

        wait_until(chosen, "an entry to be chosen")
        assert actions[0] == action


def press(hands: Hands, *keys: str) -> None:
    """Press keys at a person's pace: a menu's window needs a moment before it listens."""
    time.sleep(0.5)
    for key in keys:
        hands.tap(key)
        time.sleep(0.12)
    time.sleep(0.2)


def test_a_panel_that_starts_again_shows_the_icon_again() -> None:
    with xsession(panel="xfce4-panel") as session, shown(session, IDLE):
        wait_until(lambda: registered(session), "the icon")
        session.end(session.children[-1])
        wait_until(lambda: not session.bus_has("org.kde.StatusNotifierWatcher"), "the panel's end")
        session.start_panel("xfce4-panel")
        wait_until(lambda: registered(session), "the icon in the new panel")


def test_the_icon_waits_for_a_panel() -> None:
    with xsession() as session, shown(session, IDLE) as (tray, _):
        assert isinstance(tray, SniTray)
        assert check_tray(read_environment(session.env, "linux")).status == "warning"
        session.start_panel("xfce4-panel")
        wait_until(lambda: registered(session), "the icon")
        assert check_tray(read_environment(session.env, "linux")).status == "ok"


def test_every_entry_acts_over_dbus(panel: XSession) -> None:
    with shown(panel, FULL) as (_, actions):
        for number in EXPECTED:
            menu_call(panel, "Event", "isvu", number, "clicked", Variant("i", 0), 0)
        assert actions == list(EXPECTED.values())
        actions.clear()
        events = [[101, "hovered", Variant("i", 0), 0], [102, "clicked", Variant("i", 0), 0],
                  [99, "clicked", Variant("i", 0), 0]]  # fmt: skip
        assert menu_call(panel, "EventGroup", "a(isvu)", events) == [[99]]
        assert actions == [SetLanguage("en")]


def test_the_menu_follows_the_view(panel: XSession) -> None:
    with shown(panel, FULL) as (tray, _):
        revision, root = menu_call(panel, "GetLayout", "iias", 0, -1, [])
        labels = [child.value[1].get("label", Variant("s", "-")).value for child in root[2]]
        assert labels == [
            "Ready", "-", "Start dictation", "Mute the microphone", "-", "Spoken language",
            "Microphone", "How the key works", "Model", "-", "Copy the last text",
            "Take the last text back", "Copy an earlier text", "-", "Language of the menus",
            "Settings…", "About Dictation", "Quit",
        ]  # fmt: skip
        tray.update(replace(FULL, status="speaking", language="zh", interface_language="zh",
                            recognition="zh", muted=True))  # fmt: skip
        wait_until(
            lambda: menu_call(panel, "GetLayout", "iias", 0, -1, [])[0] > revision, "a new menu"
        )
        _, root = menu_call(panel, "GetLayout", "iias", 6, 1, [])
        states = [child.value[1]["toggle-state"].value for child in root[2]]
        assert states == [0, 1, 0]
        assert menu_call(panel, "GetProperty", "is", 3, "label")[0].value == "停止听写"
        assert menu_call(panel, "GetProperty", "is", 4, "toggle-type")[0].value == "checkmark"
        assert menu_call(panel, "GetProperty", "is", 4, "toggle-state")[0].value == 1
        rows = menu_call(panel, "GetGroupProperties", "aias", [1, 18], [])[0]
        assert [row[1]["label"].value for row in rows] == ["正在识别 · 中文", "退出"]
        tip = item_property(panel, "ToolTip")
        assert list(tip[2:]) == ["听写", "正在识别 · 中文"]
        sizes = [(w, h, len(data)) for w, h, data in item_property(panel, "IconPixmap")]
        assert sizes == [(n, n, 4 * n * n) for n in (22, 24, 32, 48)]


PANEL_COLOUR = "#446688"
_TINT2 = f"""
background_color = {PANEL_COLOUR} 100
panel_items = S
panel_size = 100% 40
panel_background_id = 1
systray_padding = 6 4 4
"""
_PYSTRAY = """
import sys, pathlib
from dictation.desktop.environment import read_environment
from dictation.desktop.tray import TrayView, open_tray
log = pathlib.Path(sys.argv[1])
tray = open_tray(read_environment())
def note(action):
    with log.open("a") as file:
        file.write(f"{action}\\n")
tray.start(TrayView("idle", interface_language="zh"), note)
note(type(tray).__name__)
while (line := sys.stdin.readline()):
    tray.update(TrayView(line.strip(), interface_language="zh"))
tray.close()
note("closed")
"""


def test_an_old_panel_shows_the_icon_and_a_click_toggles(tmp_path: Path) -> None:
    # pystray takes its display from the process it is in, hence one of its own.
    log = tmp_path / "log"
    with xsession() as session, Hands(session.display) as hands:
        settings = Path(session.env["XDG_CONFIG_HOME"]) / "tint2" / "tint2rc"
        settings.parent.mkdir(parents=True)
        settings.write_text(_TINT2)
        session.start_panel("tint2")
        with old_tray(session, log) as child:
            x, y = idle_icon(session)
            hands.click(x, y)
            clicked = "PystrayTray\nCommand(name='toggle')\n"
            wait_until(lambda: log.read_text() == clicked, "the click")
            edge = screen_colours(session.display)[y - 16 : y + 16, x - 17 : x - 12]
            assert (edge == number(PANEL_COLOUR)).sum() > 4
            ragged = (edge == 0) | (edge == 0xFFFFFF)
            assert ragged.sum() == 0, "the panel shows through where the icon is transparent"
            show(child, "listening")
            wait_until(lambda: find_icon(session, LISTENING_COLOUR), "the listening icon")
            title = TrayView("listening", interface_language="zh").summary
            wait_until(lambda: title in titles(session), "its name in Chinese")
            session.end(session.children[-1])
            session.start_panel("tint2")
            wait_until(lambda: find_icon(session, LISTENING_COLOUR), "the icon in the new panel")


def test_an_icon_changes_while_an_old_panel_asks_for_it(tmp_path: Path) -> None:
    with (
        xsession(panel="tint2") as session,
        old_tray(session, tmp_path / "log") as child,
        ThreadPoolExecutor(1) as other,
    ):
        wait_until(lambda: find_icon(session, IDLE_COLOUR), "the icon")
        asking = other.submit(expose, session, "Dictation", 200)
        show(child, *("speaking", "listening") * 100)
        asking.result()
        wait_until(lambda: find_icon(session, LISTENING_COLOUR), "the last of many icons")


@contextmanager
def old_tray(session: XSession, log: Path) -> Iterator[subprocess.Popen[str]]:
    """A program with an icon, idle at first; it notes what is done there, and has to end well."""
    with subprocess.Popen(
        [sys.executable, "-c", _PYSTRAY, str(log)],
        env={**session.env, "PYSTRAY_BACKEND": "xorg"},
        stdin=subprocess.PIPE, text=True, cwd=Path.cwd(),
    ) as child:  # fmt: skip
        try:
            wait_until(log.exists, "the tray")
            yield child
            assert child.stdin is not None
            child.stdin.close()
            wait_until(lambda: log.read_text().endswith("closed\n"), "the end")
            assert child.wait(60) == 0
        finally:
            child.kill()


def show(child: subprocess.Popen[str], *states: str) -> None:
    assert child.stdin is not None
    child.stdin.writelines(f"{state}\n" for state in states)
    child.stdin.flush()


def titles(session: XSession) -> list[str]:
    """The names of all windows, those within others too."""
    display = Display(session.display)
    try:
        name = display.intern_atom("_NET_WM_NAME")
        found = [window.get_full_property(name, X.AnyPropertyType) for window in windows(display)]
        return [bytes(value.value).decode() for value in found if value is not None]
    finally:
        display.close()


def windows(display: Display) -> Iterator[Any]:
    there = [display.screen().root]
    while there:
        window = there.pop()
        there += window.query_tree().children
        yield window


def expose(session: XSession, name: str, times: int) -> None:
    """Have a window of ours drawn again and again, with time to wait for the next."""
    display = Display(session.display)
    try:
        (window,) = [each for each in windows(display) if each.get_wm_name() == name]
        for _ in range(times):
            window.clear_area(exposures=True)
            display.sync()
            time.sleep(0.01)
    finally:
        display.close()


def test_without_a_bus_and_a_display_there_is_no_icon_and_no_crash() -> None:
    tray = open_tray(Environment("linux"))
    assert isinstance(tray, NoTray)
    tray.start(IDLE, lambda action: None)
    tray.update(SPEAKING)
    tray.close()
    check = check_tray(Environment("linux"))
    assert check.status == "warning"
    assert check.remedy


def test_a_dead_bus_is_explained(tmp_path: Path) -> None:
    tray = SniTray(f"unix:path={tmp_path}/none")
    with pytest.raises(TrayError, match="session bus"):
        tray.start(IDLE, lambda action: None)
    tray.close()


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        (TrayFacts(bus=True, watcher=True, xembed=True), "sni"),
        (TrayFacts(bus=True, xembed=True), "pystray"),
        (TrayFacts(bus=True), "sni"),
        (TrayFacts(), "none"),
    ],
)
def test_the_kind_of_tray_follows_what_is_there(facts: TrayFacts, kind: str) -> None:
    choice = choose_tray(Environment("linux", display=":0"), facts)
    assert choice.kind == kind
    assert choice.reason


def test_states_differ_without_colour() -> None:
    pictures = [
        draw_icon(status, None, 32).convert("LA")
        for status in ("loading", "idle", "listening", "speaking", "finishing", "muted", "error")
    ]
    shapes = [
        picture.point(lambda value: 255 if value > 128 else 0).tobytes() for picture in pictures
    ]
    assert max(Counter(shapes).values()) == 1
    assert (
        len(
            {
                draw_icon("idle", language, 32).convert("L").tobytes()
                for language in LANGUAGE_COLOURS
            }
        )
        == 3
    )


def test_menu_entries_keep_their_numbers() -> None:
    for view in (IDLE, SPEAKING, FULL):
        menu = build_menu(view)
        quit_entry = menu.find(18)
        assert quit_entry is not None
        assert quit_entry.action == Command("quit")
    assert menu.find(77) is None


def test_a_microphone_that_is_gone_stays_in_the_menu_as_the_chosen_one() -> None:
    menu = build_menu(replace(FULL, microphone="USB"))
    entries = menu.find(7)
    assert entries is not None
    assert [item.label for item in entries.children if item.checked] == ["USB"]
    assert len(entries.children) == 4


def test_long_texts_are_shortened_to_a_line() -> None:
    assert shortened("one\n two") == "one two"
    assert shortened("字" * 80) == "字" * 43 + "…"


def test_without_texts_there_is_nothing_to_copy_or_take_back() -> None:
    menu = build_menu(IDLE)
    for entry_id in (11, 12, 500):
        entry = menu.find(entry_id)
        assert entry is not None
        assert not entry.enabled
