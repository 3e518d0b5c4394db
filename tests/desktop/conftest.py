"""A desktop that the tests of this room share, and hands to use it with."""

from collections.abc import Iterator

import pytest

from dictation.desktop.environment import Environment, read_environment
from tests.hands import Hands
from tests.xsession import XSession, xsession


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
