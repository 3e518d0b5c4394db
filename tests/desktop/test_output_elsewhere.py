"""Routes that cannot be tried here: what they hand to Windows, to macOS and to the portal."""

import ctypes
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dictation.desktop.focus import Window
from dictation.desktop.output import DeliveryError, OutputSettings
from dictation.desktop.output.base import RouteUnfitError
from dictation.desktop.output.macos import QuartzTyping, chunks_of
from dictation.desktop.output.portal import PortalPaste, portal_offers_keys
from dictation.desktop.output.windows import Input, SendInputTyping, events_for
from tests.xsession import require, wait_until

ELECTRON = Window(1, "Electron", "editor", 2)


class Windows:
    """What user32 is asked for; it takes so many events a call at most."""

    def __init__(self, most: int = 10_000) -> None:
        self.most = most
        self.units: list[tuple[int, int, int]] = []

    def send(self, events):
        taken = events[: self.most]
        self.units += [(each.ki.wVk, each.ki.wScan, each.ki.dwFlags) for each in taken]
        return len(taken)

    def held(self, key):
        return False


def test_windows_gets_each_utf_16_unit_down_and_up() -> None:
    windows = Windows()
    SendInputTyping(windows).commit("a今👍\n", None)
    downs = [(key, unit) for key, unit, flags in windows.units if not flags & 2]
    assert downs == [(0, 0x61), (0, 0x4ECA), (0, 0xD83D), (0, 0xDC4D), (0x0D, 0)]
    assert len(windows.units) == 2 * len(downs)
    assert [flags for _, _, flags in windows.units[:2]] == [4, 6]


def test_windows_that_takes_a_part_only_is_an_error() -> None:
    with pytest.raises(DeliveryError, match="administrator"):
        SendInputTyping(Windows(most=1)).commit("ab", None)


def test_an_input_has_the_size_that_windows_expects() -> None:
    assert ctypes.sizeof(Input) == (40 if ctypes.sizeof(ctypes.c_void_p) == 8 else 28)
    assert len(events_for("x" * 300)) == 600


class Mac:
    """What ApplicationServices is asked for."""

    def __init__(self) -> None:
        self.done: list[object] = []

    def type_units(self, units):
        self.done.append(units.decode("utf-16-le"))

    def press(self, key, flags):
        self.done.append((key, flags))


def test_macos_types_in_pieces_that_cut_no_character() -> None:
    mac = Mac()
    QuartzTyping(mac, mac.done.append).commit("今天\n👍ok", None)
    assert mac.done == ["今天", (36, 0), "👍ok"]
    pieces = [piece.decode("utf-16-le") for piece in chunks_of("x" * 19 + "👍" * 12)]
    assert pieces == ["x" * 19, "👍" * 10, "👍" * 2]


def test_macos_pastes_into_electron() -> None:
    mac = Mac()
    QuartzTyping(mac, mac.done.append).commit("今天", ELECTRON)
    assert mac.done == ["今天", (9, 1 << 20)]


_PORTAL = """
import asyncio, sys
from dbus_fast import PropertyAccess, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.message import Message
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property
refuse = sys.argv[2] == "refuse"
class Remote(ServiceInterface):
    def __init__(self):
        super().__init__("org.freedesktop.portal.RemoteDesktop")
    def answer(self, options, results):
        path = "/org/freedesktop/portal/desktop/request/1_1/" + options["handle_token"].value
        path = path.replace("1_1", sender[0])
        body = [1 if refuse else 0, results]
        bus.send(Message.new_signal(
            path, "org.freedesktop.portal.Request", "Response", "ua{sv}", body))
        return path
    @dbus_property(access=PropertyAccess.READ)
    def AvailableDeviceTypes(self) -> "u":
        return 3
    @dbus_method()
    def CreateSession(self, options: "a{sv}") -> "o":
        return self.answer(options, {"session_handle": Variant("s", "/session/1")})
    @dbus_method()
    def SelectDevices(self, session: "o", options: "a{sv}") -> "o":
        print("devices", session, options["types"].value,
              options["restore_token"].value if "restore_token" in options else "-", flush=True)
        return self.answer(options, {})
    @dbus_method()
    def Start(self, session: "o", parent: "s", options: "a{sv}") -> "o":
        return self.answer(options, {"restore_token": Variant("s", "token-7")})
    @dbus_method()
    def NotifyKeyboardKeysym(self, session: "o", options: "a{sv}", symbol: "i", state: "u"):
        print("key", hex(symbol), state, flush=True)
sender = [""]
async def main():
    global bus
    bus = await MessageBus(bus_address=sys.argv[1]).connect()
    def note(message):
        if message.sender and message.path == "/org/freedesktop/portal/desktop":
            sender[0] = message.sender.lstrip(":").replace(".", "_")
    bus.add_message_handler(note)
    bus.export("/org/freedesktop/portal/desktop", Remote())
    await bus.request_name("org.freedesktop.portal.Desktop")
    print("ready", flush=True)
    await bus.wait_for_disconnect()
asyncio.run(main())
"""


class Portal:
    """A portal that says what it was asked; `answers` is "allow" or "refuse"."""

    def __init__(self, folder: Path, answers: str) -> None:
        self.address = f"unix:path={folder}/bus"
        self.log = folder / "portal.log"
        self._bus = subprocess.Popen(
            [require("dbus-daemon"), "--session", "--nofork", "--nopidfile",
             f"--address={self.address}"],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until((folder / "bus").exists, "the bus")
        with self.log.open("wb") as log:
            self._portal = subprocess.Popen(
                [sys.executable, "-c", _PORTAL, self.address, answers], stdout=log
            )
        wait_until(lambda: "ready" in self.said(), "the portal")

    def said(self) -> list[str]:
        return self.log.read_text().splitlines()

    def close(self) -> None:
        for child in (self._portal, self._bus):
            child.terminate()
            child.wait(60)


@pytest.fixture
def portal(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Portal]:
    found = Portal(tmp_path, getattr(request, "param", "allow"))
    yield found
    found.close()


def test_the_portal_presses_the_chord_and_its_permission_is_kept(
    portal: Portal, tmp_path: Path
) -> None:
    copied: list[str] = []
    token = tmp_path / "state" / "token"
    assert portal_offers_keys(portal.address)
    for _ in range(2):
        route = PortalPaste(portal.address, copied.append, OutputSettings(), token)
        assert route.commit("今天", None).route == "portal, unconfirmed"
        route.close()
    assert copied == ["今天", "今天"]
    assert portal.said()[1:] == [
        "devices /session/1 1 -",
        "key 0xffe3 1", "key 0x76 1", "key 0x76 0", "key 0xffe3 0",
        "devices /session/1 1 token-7",
        "key 0xffe3 1", "key 0x76 1", "key 0x76 0", "key 0xffe3 0",
    ]  # fmt: skip
    assert token.read_text() == "token-7"


@pytest.mark.parametrize("portal", ["refuse"], indirect=True)
def test_a_user_who_refuses_leaves_the_text_to_another_route(
    portal: Portal, tmp_path: Path
) -> None:
    route = PortalPaste(portal.address, lambda text: None, OutputSettings(), tmp_path / "token")
    with pytest.raises(RouteUnfitError, match="refused"):
        route.commit("今天", None)
    route.close()


def test_without_a_portal_there_are_no_keys(tmp_path: Path) -> None:
    assert not portal_offers_keys(f"unix:path={tmp_path}/bus")
