"""Real devices that the tests of several rooms share."""

import os
from collections.abc import Iterator

import pytest

from dictation.loading import prepare_training
from tests import pulse
from tests.hands import Hands
from tests.pulse import VirtualMicrophone
from tests.xsession import XSession

# As `dictation train` does, and here before anything is computed in this process.
prepare_training(os.environ)


@pytest.fixture
def virtual_microphone() -> Iterator[VirtualMicrophone]:
    """A microphone of this test alone, for this process and (`.environment`) for children."""
    try:
        with pulse.virtual_microphone() as microphone, pulse.heard_by_this_process(microphone):
            yield microphone
    except pulse.PulseAudioMissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def sound() -> Iterator[VirtualMicrophone]:
    """A microphone that a module's tests share, for their children (`.environment`)."""
    try:
        with pulse.virtual_microphone() as microphone:
            yield microphone
    except pulse.PulseAudioMissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def hands(desktop: XSession) -> Iterator[Hands]:
    """A keyboard and a mouse on the room's desktop."""
    with Hands(desktop.display) as found:
        yield found


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--model", default="starter", help="what the whole product is tested with: name or folder"
    )
    parser.addoption(
        "--utterances",
        type=int,
        default=15,
        help="in how many utterances tests/faults kills the daemon; make faults takes 500",
    )
