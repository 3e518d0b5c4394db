"""The settings window on a real screen, driven by keyboard."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from dictation.config import load_settings
from dictation.preferences.theme import DARK, LIGHT, Palette
from tests import pulse
from tests.desktop.apps import await_focus
from tests.desktop.test_captions import count
from tests.hands import Hands
from tests.xsession import XSession, wait_until, xsession

ROOT = Path(__file__).parents[2]
PAGES = ("trial", "model", "recognition", "audio", "segmenter", "hotkey", "output")


@pytest.fixture(scope="module")
def desktop() -> Iterator[XSession]:
    with xsession() as session:
        yield session


@contextmanager
def settings_window(session: XSession, config: Path) -> Iterator[Hands]:
    """The window with the focus in it, and hands on the keyboard."""
    child = session.spawn(
        [sys.executable, "-m", "dictation", "settings", "--config", str(config)],
        env={"PYTHONPATH": str(ROOT)},
    )
    await_focus(session, "Dictation-settings")
    try:
        with Hands(session.display) as hands:
            yield hands
    finally:
        session.end(child)


def select_all_and_type(hands: Hands, keys: str) -> None:
    hands.tap("Control_L", "slash")
    for key in keys:
        hands.tap(key)


def open_page(hands: Hands, number: int) -> None:
    """From the box of the first page to the list of pages, and down in it."""
    time.sleep(0.3)
    hands.press("Shift_L")
    hands.tap("Tab")
    hands.tap("Tab")
    hands.release("Shift_L")
    for _ in range(number):
        hands.tap("Down")
    time.sleep(0.2)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text('# mine\n[captions]\ntheme = "light" # bright\n', encoding="utf-8")
    return path


def test_a_setting_is_changed_by_keyboard_and_the_comments_stay(
    desktop: XSession, config: Path
) -> None:
    with settings_window(desktop, config) as hands:
        open_page(hands, PAGES.index("audio"))
        for _ in range(3):
            hands.tap("Tab")
        select_all_and_type(hands, "250")
        hands.tap("Control_L", "s")
        wait_until(lambda: load_settings(config).audio.pre_roll_ms == 250, "the file")
        assert config.read_text().startswith('# mine\n[captions]\ntheme = "light" # bright\n')
        wait_until(lambda: count(desktop, LIGHT.live) > 3, "the word that it is saved")


def test_a_wrong_value_is_marked_at_its_field_and_not_saved(
    desktop: XSession, config: Path
) -> None:
    before = config.read_text()
    with settings_window(desktop, config) as hands:
        open_page(hands, PAGES.index("audio"))
        for _ in range(3):
            hands.tap("Tab")
        assert count(desktop, LIGHT.error) == 0
        select_all_and_type(hands, "99999")
        hands.tap("Control_L", "s")
        wait_until(lambda: count(desktop, LIGHT.error) > 100, "the complaint")
        assert config.read_text() == before
        select_all_and_type(hands, "100")
        hands.tap("Control_L", "s")
        wait_until(lambda: load_settings(config).audio.pre_roll_ms == 100, "the file")
        wait_until(lambda: count(desktop, LIGHT.error) == 0, "the complaint to go")


@pytest.mark.parametrize(("theme", "palette"), [("dark", DARK), ("light", LIGHT)])
def test_it_has_the_theme_of_the_captions(
    theme: str, palette: Palette, desktop: XSession, config: Path
) -> None:
    config.write_text(f'[captions]\ntheme = "{theme}"\n', encoding="utf-8")
    with settings_window(desktop, config):
        wait_until(lambda: count(desktop, palette.window) > 100_000, "the window")


def test_the_level_of_the_microphone_is_shown(config: Path) -> None:
    try:
        with pulse.virtual_microphone() as microphone, xsession() as session:
            session.env |= microphone.environment
            config.write_text(
                '[audio]\ndevice = "microphone"\n[captions]\ntheme = "light"\n', encoding="utf-8"
            )
            with settings_window(session, config):
                wait_until(lambda: count(session, LIGHT.accent) > 1000, "the page")
                assert count(session, LIGHT.live) == 0
                tone = 0.3 * np.sin(np.arange(48_000) * 0.2).astype(np.float32)
                microphone.start_playing(tone)
                wait_until(lambda: count(session, LIGHT.live) > 2000, "the level to rise")
    except pulse.PulseAudioMissingError as missing:
        pytest.skip(str(missing))


def test_without_a_display_it_says_so(config: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dictation", "settings", "--config", str(config)],
        env={"PATH": "/usr/bin", "HOME": str(config.parent)}, cwd=ROOT,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "display" in done.stderr
    assert "Traceback" not in done.stderr
