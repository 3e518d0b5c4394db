"""A desktop that the tests of this room share, and hands to use it with."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from hands import Hands
from xsession import XSession, xsession

from dictation.desktop.environment import Environment, read_environment


@pytest.fixture(scope="session")
def desktop() -> Iterator[XSession]:
    """One X desktop with a window manager, without a panel."""
    with xsession() as session:
        yield session


@pytest.fixture
def env(desktop: XSession) -> Environment:
    return read_environment(desktop.env, "linux")


@pytest.fixture
def hands(desktop: XSession) -> Iterator[Hands]:
    """A keyboard and a mouse on the shared desktop."""
    with Hands(desktop.display) as found:
        yield found
