"""A desktop that the tests of this room share."""

from collections.abc import Iterator

import pytest

from dictation.desktop.environment import Environment, read_environment
from tests.xsession import XSession, xsession


@pytest.fixture(scope="session")
def desktop() -> Iterator[XSession]:
    """One X desktop with a window manager, without a panel."""
    with xsession() as session:
        yield session


@pytest.fixture
def env(desktop: XSession) -> Environment:
    return read_environment(desktop.env, "linux")
