"""A desktop and a sound server, and for each fault a daemon of its own."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import pulse
from tests.faults.counted import NumberedDaemon
from tests.loudness import voice
from tests.pulse import VirtualMicrophone
from tests.xsession import XSession, wait_until, xsession


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
    """Somebody who speaks all the time."""
    player = sound.start_playing(voice(300.0))
    yield
    pulse.end(player)


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
