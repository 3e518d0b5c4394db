"""The sounds are quiet, are played, and are never heard as speech."""

import time
from collections.abc import Iterator
from contextlib import nullcontext

import numpy as np
import pytest

from dictation.assets import sounds_folder
from dictation.audio.capture import Microphone
from dictation.audio.level import level_of
from dictation.audio.muffle import Muffler
from dictation.desktop.sounds import SoundName, SoundPlayer, read_sound
from tests import pulse
from tests.pulse import VirtualMicrophone
from tests.xsession import wait_until

NAMES: tuple[SoundName, ...] = ("start", "stop", "error")


@pytest.fixture(scope="module")
def microphone() -> Iterator[VirtualMicrophone]:
    """A microphone that hears what this computer plays."""
    try:
        with pulse.virtual_microphone() as found, pulse.heard_by_this_process(found):
            yield found
    except pulse.PulseAudioMissingError as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("name", NAMES)
def test_they_are_short_and_quiet_and_do_not_click(name: SoundName) -> None:
    samples, rate = read_sound(sounds_folder() / f"{name}.wav")
    assert len(samples) / rate < 0.25
    assert np.abs(samples).max() < 0.3
    assert abs(samples[0]) < 0.001
    assert abs(samples[-1]) < 0.001


def test_each_is_a_different_one() -> None:
    played = {read_sound(sounds_folder() / f"{name}.wav")[0].tobytes() for name in NAMES}
    assert len(played) == 3


def test_the_microphone_hears_them_and_the_utterance_does_not(
    microphone: VirtualMicrophone,
) -> None:
    raw: list[float] = []
    heard: list[float] = []
    muffler = Muffler(lambda samples, at: heard.append(level_of(samples)))

    def hear(samples: np.ndarray, at: float) -> None:
        raw.append(level_of(samples))
        muffler.hear(samples, at)

    device = Microphone("microphone", hear, lambda reason: None)
    player = SoundPlayer(sounds_folder(), 1.0, muffler.deaf)
    device.open()
    try:
        wait_until(lambda: len(raw) > 10, "the microphone")
        for name in NAMES:
            before = len(raw)
            player.play(name)
            wait_until(lambda at=before: max(raw[at:], default=-96.0) > -35.0, "the sound")
            wait_until(lambda: raw[-1] < -80.0, "silence again")
        time.sleep(0.3)
        assert max(heard) < -80.0
        microphone.play(0.3 * np.sin(np.arange(8000) * 0.3).astype(np.float32))
        wait_until(lambda: max(heard) > -20.0, "what is not ours to be heard")
    finally:
        player.close()
        device.close()


def test_a_stop_sound_waits_until_the_last_word_has_been_heard() -> None:
    held: list[float] = []
    began = time.monotonic()

    def deaf() -> "nullcontext[None]":
        held.append(time.monotonic() - began)
        return nullcontext()

    player = SoundPlayer(sounds_folder(), 0.0, deaf)
    player.play("stop", after=0.2)
    player.close()
    assert held[0] >= 0.2


def test_only_what_came_meanwhile_is_silenced() -> None:
    now = 10.0
    blocks: list[np.ndarray] = []
    muffler = Muffler(
        lambda samples, at: blocks.append(samples), tail_seconds=0.01, clock=lambda: now
    )
    ones = np.ones(1600, np.float32)
    muffler.hear(ones, 9.9)
    with muffler.deaf():
        muffler.hear(ones, 10.05)
        now = 10.06
    muffler.hear(ones, 10.15)
    muffler.hear(ones, 10.25)
    zeros = [int((block == 0).sum()) for block in blocks]
    assert zeros == [0, pytest.approx(800, abs=2), pytest.approx(320, abs=2), 0]
    assert ones.all(), "the microphone's own block is left alone"
