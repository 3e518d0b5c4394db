"""PipeWire in PulseAudio's place: the same microphone, the same losses told."""

from collections.abc import Iterator
from queue import SimpleQueue

import numpy as np
import pytest

from dictation.audio import SAMPLE_RATE
from dictation.audio.capture import Microphone
from dictation.audio.server import ServerWatch, list_sources
from dictation.daemon.microphone import MicrophoneKeeper
from dictation.events import DeviceLost, DeviceReady, Event
from tests.audio.media import tone
from tests.pipewire import PipeWireMicrophone, pipewire_microphone
from tests.pulse import heard_by_this_process, until


@pytest.fixture(scope="module")
def sound() -> Iterator[PipeWireMicrophone]:
    with pipewire_microphone() as microphone, heard_by_this_process(microphone):
        yield microphone


def test_what_is_played_is_heard(sound):
    heard: list[np.ndarray] = []
    opened = Microphone("microphone", lambda samples, at: heard.append(samples), print)
    opened.open()
    played = tone(1.5, SAMPLE_RATE)
    sound.play(played)
    opened.close()
    loud = np.concatenate(heard)
    loud = loud[np.abs(loud) > 0.01]
    assert len(loud) > 0.8 * len(played)
    spectrum = np.abs(np.fft.rfft(loud))
    assert abs(np.argmax(spectrum) * SAMPLE_RATE / len(loud) - 440.0) < 5.0


def test_the_microphones_have_the_names_people_see(sound):
    assert list_sources() == {"Microphone": "microphone"}


def test_a_source_that_is_unplugged_is_told_and_comes_back(sound):
    told: SimpleQueue[Event] = SimpleQueue()
    keeper = MicrophoneKeeper(
        lambda name, lost: Microphone(name, lambda samples, at: None, lost),
        told.put,
        name="microphone",
        keep_open=True,
        retry_seconds=(0.2,),
    )
    watch = ServerWatch(keeper.server_changed)
    keeper.start()
    watch.start()

    def next_device_event():
        while not isinstance(event := told.get(timeout=60), DeviceLost | DeviceReady):
            continue
        return event

    try:
        assert next_device_event() == DeviceReady("microphone")
        sound.unload()
        assert isinstance(next_device_event(), DeviceLost)
        sound.load()
        until(lambda: next_device_event() == DeviceReady("microphone"), "the microphone")
    finally:
        watch.close()
        keeper.close()
