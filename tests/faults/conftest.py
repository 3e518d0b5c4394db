"""A desktop and a sound server, and for each fault a daemon of its own."""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests import pulse
from tests.faults.counted import NumberedDaemon
from tests.loudness import silence, voice
from tests.pulse import VirtualMicrophone
from tests.xsession import XSession, wait_until, xsession

_BREATHS = 250


@pytest.fixture(scope="session")
def utterances(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--utterances"))


@pytest.fixture(scope="module")
def desktop() -> Iterator[XSession]:
    with xsession() as session:
        yield session


@pytest.fixture(scope="module")
def sound() -> Iterator[VirtualMicrophone]:
    try:
        with pulse.virtual_microphone() as microphone:
            yield microphone
    except pulse.PulseAudioMissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def talking(sound: VirtualMicrophone) -> Iterator[None]:
    """Somebody who speaks all the time, for as long as the test takes.

    Who never drew breath would soon be taken for the background of the room.
    """
    over = threading.Event()
    speech = np.tile(np.concatenate((voice(1.0), silence(0.2))), _BREATHS)

    def talk() -> None:
        while not over.is_set():
            player = sound.start_playing(speech)
            while player.poll() is None and not over.wait(0.2):
                pass
            pulse.end(player)

    talker = threading.Thread(target=talk)
    talker.start()
    yield
    over.set()
    talker.join()


@pytest.fixture
def daemon(desktop: XSession, sound: VirtualMicrophone, tmp_path: Path) -> Iterator[NumberedDaemon]:
    """Not started yet."""
    env = {
        **desktop.env,
        **sound.environment,
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "FAULTS_DAEMON": str(tmp_path),
    }
    running = NumberedDaemon(desktop, env, tmp_path)
    yield running
    if running.process is not None and running.process.poll() is None:
        running.end(signal.SIGKILL)
    assert wait_until(lambda: running.orphans() == [], "all its children to end")
