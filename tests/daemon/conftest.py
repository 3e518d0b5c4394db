"""The running daemon on a real desktop, with a real sound server and a model of a few kilobytes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pulse import VirtualMicrophone
from tests.running import RunningDaemon, daemon_of, ended, ready, write_tiny_config
from tests.tiny_model import write_tiny_model
from tests.xsession import XSession, xsession


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def desktop() -> Iterator[XSession]:
    with xsession() as session:
        yield session


@pytest.fixture
def config(tmp_path: Path, tiny_model: Path) -> Path:
    return write_tiny_config(tmp_path, tiny_model)


@pytest.fixture
def daemon(desktop: XSession, sound: VirtualMicrophone, config: Path) -> Iterator[RunningDaemon]:
    """One of this test's own, not started yet."""
    with ended(daemon_of(desktop, sound, config)) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def shared_daemon(
    desktop: XSession,
    sound: VirtualMicrophone,
    tiny_model: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningDaemon]:
    """One that runs for all tests that leave it as they found it; it must end well."""
    config = write_tiny_config(tmp_path_factory.mktemp("shared"), tiny_model)
    with ready(desktop, sound, config) as daemon:
        yield daemon


@pytest.fixture
def idle_daemon(shared_daemon: RunningDaemon) -> RunningDaemon:
    shared_daemon.wait_for("idle")
    return shared_daemon
