"""The running daemon on a real desktop, with a real sound server and a model of a few kilobytes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dictation.control.client import ask
from dictation.control.place import ControlError
from dictation.control.protocol import DaemonStatus
from tests import pulse
from tests.hands import Hands
from tests.pulse import VirtualMicrophone
from tests.tiny_model import write_tiny_model
from tests.xsession import XSession, wait_until, xsession

ROOT = Path(__file__).parents[2]


class RunningDaemon:
    """`dictation run` as a process of its own, as a user starts it."""

    def __init__(self, session: XSession, env: dict[str, str], config: Path) -> None:
        self.folder = Path(session.env["XDG_RUNTIME_DIR"]) / "dictation"
        self.log = session.folder / "daemon.log"
        self._env = env
        self._config = config
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dictation", "run", "--config", str(self._config)],
                env=self._env,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def status(self) -> DaemonStatus | None:
        """How it does; None when it does not answer, which `wait_for` explains by its log."""
        try:
            return ask("status", self.folder)
        except ControlError:
            return None

    def wait_for(self, status: str) -> DaemonStatus:
        def found() -> DaemonStatus | None:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
            now = self.status()
            return now if now is not None and now.status == status else None

        return wait_until(found, f"the daemon to be {status}", 60)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Another `dictation` of the same user."""
        command = [sys.executable, "-m", "dictation", *arguments]
        return subprocess.run(command, env=self._env, cwd=ROOT, capture_output=True, check=False)

    def end(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            os.kill(self.process.pid, with_signal)
        return self.process.wait(30)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def desktop() -> Iterator[XSession]:
    with xsession() as session:
        yield session


@pytest.fixture
def hands(desktop: XSession) -> Iterator[Hands]:
    with Hands(desktop.display) as found:
        yield found


@pytest.fixture(scope="module")
def sound() -> Iterator[VirtualMicrophone]:
    try:
        with pulse.virtual_microphone() as microphone:
            yield microphone
    except pulse.PulseAudioMissingError as missing:
        pytest.skip(str(missing))


def usual_config(folder: Path, model: Path) -> Path:
    path = folder / "config.toml"
    path.write_text(
        f'[model]\nname = "{model}"\nprecision = "fp32"\nthreads = 1\n'
        '[audio]\ndevice = "microphone"\n'
    )
    return path


@pytest.fixture
def config(tmp_path: Path, tiny_model: Path) -> Path:
    return usual_config(tmp_path, tiny_model)


@pytest.fixture
def daemon(
    desktop: XSession, sound: VirtualMicrophone, config: Path, tmp_path: Path
) -> Iterator[RunningDaemon]:
    """One of this test's own, not started yet."""
    places = {"XDG_STATE_HOME": tmp_path / "state", "XDG_DATA_HOME": tmp_path / "data"}
    env = {**desktop.env, **sound.environment, **{name: str(at) for name, at in places.items()}}
    running = RunningDaemon(desktop, env, config)
    yield running
    if running.process is not None and running.process.poll() is None:
        running.end(signal.SIGKILL)


@pytest.fixture(scope="module")
def shared_daemon(
    desktop: XSession,
    sound: VirtualMicrophone,
    tiny_model: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningDaemon]:
    """One that runs for all tests that leave it as they found it; it must end well."""
    folder = tmp_path_factory.mktemp("shared")
    env = {**desktop.env, **sound.environment, "XDG_STATE_HOME": str(folder / "state")}
    running = RunningDaemon(desktop, env, usual_config(folder, tiny_model))
    running.start()
    running.wait_for("idle")
    yield running
    assert running.end() == 0


@pytest.fixture
def idle_daemon(shared_daemon: RunningDaemon) -> RunningDaemon:
    shared_daemon.wait_for("idle")
    return shared_daemon
