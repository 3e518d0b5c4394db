"""The microphone on a real sound server: what is played is heard, and losses are told."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dictation.audio import SAMPLE_RATE
from dictation.audio.capture import AudioDeviceError, Microphone, MicrophoneSettings
from dictation.audio.devices import check, find_microphone, list_microphones
from tests.audio.corpus import load, recordings
from tests.audio.media import tone
from tests.pulse import until


class Recorder:
    """Collects what a microphone delivers and says."""

    def __init__(self):
        self.blocks, self.times, self.losses = [], [], []
        self.threads = set()

    def deliver(self, samples, captured_at):
        self.threads.add(threading.current_thread().name)
        self.blocks.append(samples)
        self.times.append(captured_at)

    def lost(self, reason):
        self.losses.append(reason)

    @property
    def sound(self):
        return np.concatenate(self.blocks)

    def wait_for(self, seconds):
        """Wait until that much more sound has been heard."""
        wanted = sum(map(len, self.blocks)) + seconds * SAMPLE_RATE
        until(lambda: sum(map(len, self.blocks)) >= wanted, f"{seconds} s of sound")


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
def microphone(virtual_microphone, recorder):
    opened = Microphone("microphone", recorder.deliver, recorder.lost)
    opened.open()
    recorder.wait_for(0.1)
    yield opened
    opened.close()


def correlation(heard, played):
    """The highest normalised cross-correlation, over all delays, and that delay in samples."""
    size = 1 << (len(heard) + len(played)).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(played, size))
    lags = np.fft.irfft(spectrum, size)[: len(heard)]
    delay = int(np.argmax(lags))
    part = heard[delay : delay + len(played)]
    scale = np.linalg.norm(part) * np.linalg.norm(played[: len(part)])
    return float(np.dot(part, played[: len(part)]) / scale), delay


def test_a_recording_is_heard_as_it_is_played(virtual_microphone, microphone, recorder):
    (path,) = recordings("aishell-dev", 1)
    played = load(path)
    virtual_microphone.play(played)
    recorder.wait_for(0.5)
    microphone.close()
    heard = recorder.sound
    assert heard.dtype == np.float32
    agreement, _ = correlation(heard, played)
    assert agreement > 0.97
    assert recorder.losses == []


def test_blocks_come_in_order_from_one_thread_with_the_time_they_were_heard(microphone, recorder):
    recorder.wait_for(0.5)
    microphone.close()
    assert recorder.threads == {"microphone"}
    assert recorder.times == sorted(recorder.times)
    assert recorder.times[-1] <= time.monotonic()


def test_a_device_that_refuses_16_khz_is_read_at_its_own_rate(
    virtual_microphone, recorder, monkeypatch
):
    # PulseAudio takes every rate: the refusal itself is the one thing that must be put on.
    import sounddevice

    real = sounddevice.InputStream

    def only_its_own(*, samplerate, **options):
        if samplerate == SAMPLE_RATE:
            raise sounddevice.PortAudioError("Invalid sample rate")
        return real(samplerate=samplerate, **options)

    monkeypatch.setattr(sounddevice, "InputStream", only_its_own)
    opened = Microphone("microphone", recorder.deliver, recorder.lost)
    opened.open()
    assert opened.rate == find_microphone("microphone").default_rate != SAMPLE_RATE
    recorder.wait_for(0.1)
    played = tone(2.0, SAMPLE_RATE, 440.0) * np.linspace(0, 1, 2 * SAMPLE_RATE, dtype=np.float32)
    virtual_microphone.play(played)
    recorder.wait_for(0.5)
    opened.close()
    agreement, _ = correlation(recorder.sound, played)
    assert agreement > 0.97


def test_a_slow_listener_loses_nothing(virtual_microphone, recorder):
    gate = threading.Event()

    def deliver(samples, captured_at):
        gate.wait(10)
        recorder.deliver(samples, captured_at)

    opened = Microphone("microphone", deliver, recorder.lost)
    opened.open()
    played = tone(1.5, SAMPLE_RATE) * np.linspace(0, 1, round(1.5 * SAMPLE_RATE), dtype=np.float32)
    virtual_microphone.play(played)
    gate.set()
    recorder.wait_for(0.5)
    opened.close()
    agreement, _ = correlation(recorder.sound, played)
    assert agreement > 0.97
    assert recorder.losses == []


def test_at_rest_it_delivers_seldom_and_loses_nothing(virtual_microphone, microphone, recorder):
    played = tone(2.4, SAMPLE_RATE) * np.linspace(0, 1, round(2.4 * SAMPLE_RATE), dtype=np.float32)
    microphone.rest(True)
    player = virtual_microphone.start_playing(played)
    recorder.wait_for(0.8)
    resting = max(map(len, recorder.blocks))
    microphone.rest(False)
    blocks = len(recorder.blocks)
    recorder.wait_for(0.8)
    player.wait(60)
    recorder.wait_for(0.8)
    microphone.close()
    assert resting >= 0.3 * SAMPLE_RATE
    assert max(map(len, recorder.blocks[blocks + 1 :])) < 0.3 * SAMPLE_RATE
    agreement, _ = correlation(recorder.sound, played)
    assert agreement > 0.97


def test_closing_is_quick_and_may_be_done_twice(microphone, recorder):
    started = time.monotonic()
    microphone.close()
    microphone.close()
    assert time.monotonic() - started < 2
    assert microphone.last_callback is None
    assert recorder.losses == []
    assert not [t for t in threading.enumerate() if t.name == "microphone"]


def test_it_can_be_opened_again(microphone, recorder):
    microphone.close()
    microphone.open()
    recorder.wait_for(0.2)
    assert recorder.losses == []


def test_a_suspended_device_is_reported_once_and_comes_back(
    virtual_microphone, microphone, recorder
):
    virtual_microphone.suspend()
    until(lambda: recorder.losses, "the loss to be told")
    assert recorder.losses == ["The microphone 'microphone' has stopped to give sound"]
    microphone.close()
    virtual_microphone.suspend(False)
    microphone.open()
    recorder.wait_for(0.2)
    assert len(recorder.losses) == 1


def test_a_server_that_dies_is_reported_and_a_new_one_is_used(
    virtual_microphone, microphone, recorder
):
    virtual_microphone.kill()
    until(lambda: recorder.losses, "the loss to be told")
    assert len(recorder.losses) == 1
    microphone.close()
    with pytest.raises(AudioDeviceError):
        microphone.open()
    virtual_microphone.start()
    microphone.open()
    recorder.wait_for(0.2)
    assert len(recorder.losses) == 1


def test_the_owner_may_close_it_from_the_message_of_its_loss(virtual_microphone, recorder):
    def lost(reason):
        opened.close()
        recorder.lost(reason)

    opened = Microphone("microphone", recorder.deliver, lost)
    opened.open()
    recorder.wait_for(0.1)
    virtual_microphone.kill()
    until(lambda: recorder.losses, "the loss to be told")


def test_a_device_that_gives_no_sound_cannot_be_opened(virtual_microphone, recorder):
    virtual_microphone.suspend()
    settings = replace(MicrophoneSettings(), first_seconds=0.5)
    opened = Microphone("microphone", recorder.deliver, recorder.lost, settings=settings)
    with pytest.raises(AudioDeviceError, match="gives no sound"):
        opened.open()
    assert not [t for t in threading.enumerate() if t.name == "microphone"]


def test_a_microphone_only_the_sound_server_knows_is_heard(virtual_microphone, recorder):
    virtual_microphone.add_headset()
    opened = Microphone("Headset", recorder.deliver, recorder.lost)
    opened.open()
    recorder.wait_for(0.1)
    played = tone(1.0, SAMPLE_RATE) * np.linspace(0, 1, SAMPLE_RATE, dtype=np.float32)
    virtual_microphone.play(played, sink="elsewhere")
    recorder.wait_for(0.5)
    opened.close()
    agreement, _ = correlation(recorder.sound, played)
    assert agreement > 0.97


class TestDevices:
    def test_the_default_is_marked_and_found(self, virtual_microphone):
        microphones = list_microphones()
        assert [m.name for m in microphones if m.is_default] == ["default"]
        assert find_microphone(None) == find_microphone("default") == find_microphone("")
        assert find_microphone(None).is_default

    def test_a_microphone_is_found_by_index_name_and_part_of_its_name(self, virtual_microphone):
        wanted = find_microphone("microphone")
        assert wanted.name == "microphone"
        assert find_microphone(str(wanted.index)) == wanted
        assert find_microphone("MICRO") == wanted

    def test_an_unknown_one_is_answered_with_the_list(self, virtual_microphone):
        with pytest.raises(AudioDeviceError) as caught:
            find_microphone("Yeti")
        assert "no microphone 'Yeti'; there are: " in str(caught.value)
        assert "'microphone'" in str(caught.value)

    def test_the_sound_servers_own_microphones_are_found_by_the_names_people_see(
        self, virtual_microphone
    ):
        virtual_microphone.add_headset()
        found = find_microphone("headset")
        assert (found.name, found.source) == ("Headset", "headset")

    def test_a_vague_name_is_answered_with_the_candidates(self, virtual_microphone):
        with pytest.raises(AudioDeviceError, match="Several microphones match 'u'"):
            find_microphone("u")

    def test_the_doctor_is_told_of_it(self, virtual_microphone):
        assert check().status == "ok"

    def test_a_machine_without_one_gets_a_way_out(self, tmp_path):
        # No sound server; where there is a real sound card, this test has nothing to show.
        (tmp_path / "asound.conf").write_text("</usr/share/alsa/alsa.conf>\n")
        output = in_a_child(
            "from dictation.audio.devices import check, find_microphone, list_microphones\n"
            "print(list_microphones())\n"
            "print(check())\n"
            "find_microphone(None)",
            ALSA_CONFIG_PATH=str(tmp_path / "asound.conf"),
            PULSE_SERVER=f"unix:{tmp_path}/nowhere",
        )
        if not output.stdout.startswith("[]"):
            pytest.skip("this machine has a sound card")
        assert "status='failed'" in output.stdout
        assert output.stderr.splitlines()[-1].startswith(
            "dictation.audio.errors.AudioDeviceError: No microphone was found: connect one"
        )

    def test_a_machine_without_portaudio_gets_a_way_out(self):
        output = in_a_child(
            "import sys, ctypes.util\n"
            "ctypes.util.find_library = lambda name: None\n"
            "from dictation.audio.devices import list_microphones\n"
            "list_microphones()",
        )
        assert "sudo apt install libportaudio2" in output.stderr.splitlines()[-1]

    def test_naming_a_microphone_prints_nothing_on_the_terminal(self, virtual_microphone):
        output = in_a_child(
            "from dictation.audio.capture import Microphone\n"
            "opened = Microphone(None, lambda samples, at: None, print)\n"
            "opened.open(); opened.close()",
            **virtual_microphone.environment,
        )
        assert (output.returncode, output.stdout, output.stderr) == (0, "", "")


def in_a_child(script, **environment):
    return subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **environment},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
