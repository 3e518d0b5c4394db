"""`dictation run` on a test's desktop, with a microphone that hears what a test plays."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from dictation.control.client import ask
from dictation.control.place import ControlError
from dictation.control.protocol import DaemonStatus
from tests.xsession import XSession, wait_until

ROOT = Path(__file__).parents[1]


class Sound(Protocol):
    """A sound server with a microphone, as a daemon's environment names it."""

    environment: dict[str, str]


class RunningDaemon:
    """`dictation run` as a process of its own, as a user starts it."""

    def __init__(self, session: XSession, env: dict[str, str], config: Path) -> None:
        self.folder = Path(session.env["XDG_RUNTIME_DIR"]) / "dictation"
        self.log = session.folder / "daemon.log"
        self.env = env
        self._config = config
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dictation", "run", "--config", str(self._config)],
                env=self.env,
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
        """Its status, once it is that; a failure tells what it was and where its threads stood."""
        now: DaemonStatus | None = None

        def found() -> DaemonStatus | None:
            nonlocal now
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
            now = self.status()
            return now if now is not None and now.status == status else None

        return wait_until(
            found,
            f"the daemon to be {status}",
            60,
            instead=lambda: f"{now}\n{self.end_with_stacks()}",
        )

    def end_with_stacks(self) -> str:
        """End one that hangs; its log, in which every thread says where it was."""
        assert self.process is not None
        self.process.send_signal(signal.SIGABRT)
        self.process.wait(60)
        return self.log.read_text()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Another `dictation` of the same user."""
        command = [sys.executable, "-m", "dictation", *arguments]
        return subprocess.run(command, env=self.env, cwd=ROOT, capture_output=True, check=False)

    def end(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end and return its exit status. One that does not end is killed; that fails."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(60)
            raise


def write_config(
    folder: Path,
    model: Path | str,
    settings: str = "",
    *,
    precision: str = "auto",
    threads: int = 0,
) -> Path:
    """A settings file for the virtual microphone; `settings`: what else is in it, in tables."""
    path = folder / "config.toml"
    path.write_text(
        f'[model]\nname = "{model}"\nprecision = "{precision}"\nthreads = {threads}\n'
        f'[audio]\ndevice = "microphone"\n{settings}',
        encoding="utf-8",
    )
    return path


def write_tiny_config(folder: Path, tiny_model: Path) -> Path:
    """One for a model that is too small to measure."""
    return write_config(folder, tiny_model, precision="fp32", threads=1)


def daemon_of(session: XSession, sound: Sound, config: Path) -> RunningDaemon:
    """One that is not started yet; all it writes is beside its settings."""
    env = {
        **session.env,
        **sound.environment,
        "XDG_STATE_HOME": str(config.parent / "state"),
        "XDG_DATA_HOME": str(config.parent / "data"),
        "PYTHONFAULTHANDLER": "1",
    }
    return RunningDaemon(session, env, config)


@contextmanager
def ended(daemon: RunningDaemon) -> Iterator[RunningDaemon]:
    """No daemon outlives its test, however that ends."""
    try:
        yield daemon
    finally:
        if daemon.process is not None and daemon.process.poll() is None:
            daemon.end(signal.SIGKILL)


@contextmanager
def ready(session: XSession, sound: Sound, config: Path) -> Iterator[RunningDaemon]:
    """One that is idle. It has to end well when it is asked to, unless it has ended before."""
    with ended(daemon_of(session, sound, config)) as daemon:
        daemon.start()
        daemon.wait_for("idle")
        yield daemon
        if daemon.process is not None and daemon.process.poll() is None:
            assert daemon.end() == 0, daemon.log.read_text()
