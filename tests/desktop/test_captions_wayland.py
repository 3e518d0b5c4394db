"""Captions where there is no X server: on a real compositor, and as real notifications."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dictation.desktop.captions import (
    CaptionSettings,
    CaptionView,
    check_captions,
    open_captions,
)
from dictation.desktop.captions.base import Captions
from dictation.desktop.captions.layer_shell import SYSTEM_PYTHON, LayerShellCaptions
from dictation.desktop.captions.look import DARK, LIGHT
from dictation.desktop.captions.notification import (
    NAME,
    NotificationCaptions,
    NotificationError,
)
from dictation.desktop.environment import Environment, read_environment
from tests.screen import number
from tests.wayland import WaylandSession, wayland_session
from tests.xsession import XSession, require, wait_until, xsession

MIXED = CaptionView("今天我们讨论 API 的 code", " 的 code", "mix", "partial")


@pytest.fixture(scope="module")
def sway() -> Iterator[WaylandSession]:
    probe = [SYSTEM_PYTHON, "-c", "import cairo, gi; gi.require_version('GtkLayerShell', '0.1')"]
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        pytest.skip("apt install python3-gi python3-gi-cairo gir1.2-gtklayershell-0.1")
    with wayland_session() as session:
        for title in ("left", "right"):
            session.spawn([require("foot"), "-T", title, "sleep", "600"])
            wait_until(lambda each=title: session.focused() == each, f"the {title} window")
        yield session


@pytest.fixture
def env(sway: WaylandSession) -> Environment:
    return read_environment(sway.env, "linux")


@pytest.fixture
def captions(env: Environment) -> Iterator[Captions]:
    opened = open_captions(env, CaptionSettings(theme="dark", width=500))
    assert isinstance(opened, LayerShellCaptions)
    yield opened
    opened.close()


def card(session: WaylandSession) -> tuple[int, int, int, int] | None:
    """The place of the card (left, top, right, bottom), by its colour."""
    rows, columns = np.nonzero(session.colours() == number(DARK.card))
    if len(rows) < 1000:
        return None
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def count(session: WaylandSession, colour: str) -> int:
    return int((session.colours() == number(colour)).sum())


def test_it_lies_above_the_windows_and_leaves_them_focus_and_clicks(
    sway: WaylandSession, captions: Captions
) -> None:
    assert sway.focused() == "right"
    captions.show(MIXED)
    left, top, right, bottom = wait_until(lambda: card(sway), "the card")
    assert sway.focused() == "right"
    assert abs((left + right) / 2 - 512) <= 2
    assert 400 < top < bottom < 600 - 60
    sway.click(left + 60, bottom - 20)
    wait_until(lambda: sway.focused() == "left", "the click to reach the window below")
    sway.click(900, 100)
    wait_until(lambda: sway.focused() == "right", "the other window")
    captions.hide()
    wait_until(lambda: card(sway) is None, "the card to go")


def test_the_unsettled_words_the_language_and_the_meter_are_shown(
    sway: WaylandSession, captions: Captions
) -> None:
    captions.show(MIXED)
    wait_until(lambda: count(sway, DARK.unstable) > 20, "the unsettled words")
    assert count(sway, DARK.languages["mix"]) > 200
    quiet = count(sway, DARK.stages["partial"])
    for _ in range(20):
        captions.meter(-20.0, 3.0)
    wait_until(lambda: count(sway, DARK.stages["partial"]) > quiet + 200, "the meter")


def test_a_long_text_shows_its_newest_lines(sway: WaylandSession, captions: Captions) -> None:
    captions.show(CaptionView("很长的一句话，" * 200, "", "zh", "partial"))
    _, top, _, bottom = wait_until(lambda: card(sway), "the card")
    assert bottom - top < 220


def test_it_can_be_light_and_at_the_top(sway: WaylandSession, env: Environment) -> None:
    opened = open_captions(env, CaptionSettings(theme="light", position="top", width=500))
    opened.show(MIXED)
    wait_until(lambda: count(sway, LIGHT.card) > 1000, "the card")
    rows, _ = np.nonzero(sway.colours() == number(LIGHT.card))
    assert 50 < rows.min() < rows.max() < 300
    opened.close()
    wait_until(lambda: count(sway, LIGHT.card) < 100, "the card to go")


def test_the_doctor_says_how_it_is_shown(env: Environment) -> None:
    check = check_captions(env)
    assert (check.status, check.detail) == ("ok", "a layer of the compositor")


@pytest.fixture(scope="module")
def notified() -> Iterator[XSession]:
    with xsession() as session:
        session.spawn([require("dunst")])
        wait_until(lambda: session.bus_has(NAME), "the notification server")
        yield session


def shown(session: XSession) -> int:
    return int(dunst(session, "count", "displayed"))


def dunst(session: XSession, *arguments: str) -> str:
    return subprocess.run(
        ["dunstctl", *arguments], env=session.env, capture_output=True, text=True, timeout=60,
        check=True,
    ).stdout  # fmt: skip


def test_elsewhere_one_notification_says_it_all(notified: XSession) -> None:
    captions = NotificationCaptions(notified.env["DBUS_SESSION_BUS_ADDRESS"])
    captions.show(CaptionView("今天", "", "zh", "partial"))
    wait_until(lambda: shown(notified) == 1, "the notification")
    captions.show(CaptionView("今天下午三点。", "", "zh", "final"))
    captions.hide()
    wait_until(lambda: shown(notified) == 0, "the notification to go")
    captions.show(CaptionView("好的。", "", "zh", "final"))
    wait_until(lambda: shown(notified) == 1, "another notification")
    captions.close()
    dunst(notified, "close-all")
    history = json.loads(dunst(notified, "history"))["data"][0]
    assert history[0]["body"]["data"] == "好的。"
    assert history[0]["summary"]["data"] == "Done · Chinese"


def test_without_a_session_bus_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotificationError, match="session bus"):
        NotificationCaptions(f"unix:path={tmp_path}/none")
