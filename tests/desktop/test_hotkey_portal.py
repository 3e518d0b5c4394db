"""Global keys of the desktop's portal, on a bus with a service that speaks its interface."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from dbus_fast import Message, Variant

from dictation.desktop import APP_ID
from dictation.desktop.environment import Environment
from dictation.desktop.hotkey import (
    HotkeyUnavailable,
    KeyEvent,
    check_hotkeys,
    choose_hotkeys,
    open_hotkeys,
)
from dictation.desktop.hotkey.portal import PATH, PORTAL, PortalHotkeys, trigger
from dictation.desktop.keys import parse_key
from tests.buses import Service, private_bus, text
from tests.xsession import wait_until

SHORTCUTS = "org.freedesktop.portal.GlobalShortcuts"
SESSION = f"{PATH}/session/1_1/dictation"


class Portal(Service):
    """xdg-desktop-portal as far as global shortcuts go; `declines` is the user who says no."""

    name = PORTAL
    declines = False

    @property
    def methods(self) -> dict[str, Callable[[Message], tuple[str, list[Any]]]]:
        return {
            "org.freedesktop.host.portal.Registry.Register": lambda message: ("", []),
            "org.freedesktop.DBus.Properties.Get": lambda message: ("v", [Variant("u", 1)]),
            f"{SHORTCUTS}.CreateSession": self._create,
            f"{SHORTCUTS}.BindShortcuts": self._bind,
        }

    def _create(self, message: Message) -> tuple[str, list[Any]]:
        return self._later(message, message.body[0], {"session_handle": text(SESSION)})

    def _bind(self, message: Message) -> tuple[str, list[Any]]:
        return self._later(message, message.body[3], {})

    def _later(
        self, message: Message, options: dict[str, Variant], results: dict[str, Variant]
    ) -> tuple[str, list[Any]]:
        assert message.sender is not None
        sender = message.sender.removeprefix(":").replace(".", "_")
        path = f"{PATH}/request/{sender}/{options['handle_token'].value}"
        code = 1 if self.declines else 0
        self.signal(path, "org.freedesktop.portal.Request.Response", "ua{sv}", code, results)
        return "o", [path]

    def press(self, shortcut: str, *, down: bool, session: str = SESSION) -> None:
        member = "Activated" if down else "Deactivated"
        self.signal(PATH, f"{SHORTCUTS}.{member}", "osta{sv}", session, shortcut, 17, {})


@pytest.fixture
def bus() -> Iterator[str]:
    with private_bus() as address:
        yield address


@pytest.fixture
def portal(bus: str) -> Iterator[Portal]:
    with Portal(bus) as service:
        yield service


def test_a_shortcut_is_pressed_and_released(bus: str, portal: Portal) -> None:
    log: list[KeyEvent] = []
    hotkeys = PortalHotkeys({"dictate": "ctrl+alt+space", "undo": "super+Z"}, bus)
    hotkeys.start(log.append)
    try:
        wait_until(lambda: portal.called("BindShortcuts"), "the shortcuts to be asked for")
        (bind,) = portal.called("BindShortcuts")
        session, shortcuts, parent, _ = bind.body
        asked = [(name, told["preferred_trigger"].value) for name, told in shortcuts]
        assert (session, parent) == (SESSION, "")
        assert asked == [("dictate", "CTRL+ALT+space"), ("undo", "LOGO+z")]
        assert all(told["description"].value for _, told in shortcuts)
        portal.press("dictate", down=True, session="/somebody/elses")
        portal.press("dictate", down=True)
        portal.press("dictate", down=True)
        portal.press("dictate", down=False)
        portal.press("undo", down=True)
        wait_until(lambda: len(log) == 3, "the keys")
    finally:
        hotkeys.stop()
    assert log == [
        KeyEvent("dictate", "down"),
        KeyEvent("dictate", "up"),
        KeyEvent("undo", "down"),
        KeyEvent("undo", "up"),
    ]


def test_it_says_who_it_is_before_it_asks_for_anything(bus: str, portal: Portal) -> None:
    hotkeys = PortalHotkeys({"dictate": "F9"}, bus)
    hotkeys.start(lambda event: None)
    wait_until(lambda: portal.called("BindShortcuts"), "the shortcuts to be asked for")
    hotkeys.stop()
    members = [call.member for call in portal.calls if call.member != "Get"]
    assert members == ["Register", "CreateSession", "BindShortcuts"]
    assert portal.called("Register")[0].body == [APP_ID, {}]


def test_the_bare_escape_key_is_left_to_the_other_programs(bus: str, portal: Portal) -> None:
    hotkeys = PortalHotkeys({"dictate": "F9", "cancel": "Escape"}, bus)
    hotkeys.start(lambda event: None)
    wait_until(lambda: portal.called("BindShortcuts"), "the shortcuts to be asked for")
    hotkeys.stop()
    assert [name for name, _ in portal.called("BindShortcuts")[0].body[1]] == ["dictate"]


def test_a_user_who_declines_is_told_of_it(
    bus: str, portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    portal.declines = True
    hotkeys = PortalHotkeys({"dictate": "F9"}, bus)
    hotkeys.start(lambda event: None)
    wait_until(lambda: "CreateSession was declined by the desktop" in caplog.text, "the warning")
    hotkeys.stop()


def test_without_the_portal_the_way_out_is_a_binding_of_the_compositor(bus: str) -> None:
    wayland = Environment("linux", wayland_display="wayland-0", session_bus=bus)
    assert choose_hotkeys(wayland).kind == "none"
    with pytest.raises(HotkeyUnavailable, match="dictation toggle"):
        open_hotkeys({"dictate": "F9"}, wayland)
    with pytest.raises(HotkeyUnavailable, match="no global shortcuts"):
        PortalHotkeys({"dictate": "F9"}, bus).start(lambda event: None)


def test_on_wayland_the_portal_is_chosen_and_the_doctor_says_so(bus: str, portal: Portal) -> None:
    wayland = Environment("linux", wayland_display="wayland-0", session_bus=bus)
    assert choose_hotkeys(wayland).kind == "portal"
    assert isinstance(open_hotkeys({"dictate": "F9"}, wayland), PortalHotkeys)
    assert check_hotkeys({"dictate": "F9"}, wayland).status == "ok"
    # Looking must not make the desktop ask the user.
    assert portal.called("CreateSession") == []


def test_a_portal_that_goes_away_takes_the_key_up(bus: str, portal: Portal) -> None:
    log: list[KeyEvent] = []
    hotkeys = PortalHotkeys({"dictate": "F9"}, bus)
    hotkeys.start(log.append)
    wait_until(lambda: portal.called("BindShortcuts"), "the shortcuts to be asked for")
    portal.press("dictate", down=True)
    wait_until(lambda: log, "the press")
    hotkeys.stop()
    assert log == [KeyEvent("dictate", "down"), KeyEvent("dictate", "up")]


@pytest.mark.parametrize(
    ("chord", "written"),
    [("F9", "F9"), ("Shift+ctrl+D", "CTRL+SHIFT+d"), ("win+Return", "LOGO+Return")],
)
def test_chords_are_written_as_the_desktop_reads_them(chord: str, written: str) -> None:
    assert trigger(parse_key(chord)) == written
