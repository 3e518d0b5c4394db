"""A microphone that hears what a test plays: a real PulseAudio of its own, in a folder of its own.

A null sink takes what is played; its monitor, remapped, is the microphone. Debian's PortAudio knows
only ALSA, so an asound.conf leads there through ALSA's pulse plugin.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SINK = "speaker"
SOURCE = "microphone"

ASOUND = """\
</usr/share/alsa/alsa.conf>
pcm.!default { type pulse hint { show on description "Default" } }
ctl.!default { type pulse }
pcm.pulse { type pulse }
pcm.microphone { type pulse device microphone hint { show on description "Test microphone" } }
"""

MICROPHONE = (
    f"module-remap-source master={SINK}.monitor source_name={SOURCE} "
    "source_properties=device.description=Microphone"
)
_HEADSET = (
    "module-remap-source master=elsewhere.monitor source_name=headset "
    "source_properties=device.description=Headset"
)
_DEADLINE_SECONDS = 60.0


class PulseAudioMissingError(Exception):
    """PulseAudio is not installed; the message names the packages."""


def until(condition: Callable[[], bool], what: str, seconds: float = _DEADLINE_SECONDS) -> None:
    """Wait for a condition, or fail with the name of what did not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(0.01)


@dataclass
class VirtualMicrophone:
    """The running server. `environment` holds the variables to add to a child's environment."""

    folder: Path
    environment: dict[str, str]
    _server: subprocess.Popen[bytes] | None = None
    _keep_alive: subprocess.Popen[bytes] | None = None
    _players: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """Start the server (again, after `kill`)."""
        socket = self.folder / "pulse" / "native"
        modules = (
            f"module-native-protocol-unix auth-anonymous=1 socket={socket}",
            f"module-null-sink sink_name={SINK} rate=48000 channels=1 norewinds=1",
            MICROPHONE,
            # What Pulse falls back to when the microphone goes away.
            "module-null-sink sink_name=elsewhere rate=48000 channels=1",
        )
        options = "-n --daemonize=no --exit-idle-time=-1 --use-pid-file=no --log-target=stderr"
        loads = [part for module in modules for part in ("-L", module)]
        with (self.folder / "server.log").open("ab") as log:
            self._server = subprocess.Popen(
                ["pulseaudio", *options.split(), *loads],
                env={**os.environ, **self.environment, **self._private()},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(lambda: self._answers(), "PulseAudio to answer")
        self.control("set-default-source", SOURCE)
        self.control("set-default-sink", SINK)
        # Without another client that wants low latency, a null sink works in cycles of two seconds
        # and the first of them is lost to a recorder.
        self._keep_alive = subprocess.Popen(
            ["parec", f"--device={SOURCE}", "--latency-msec=20", "--rate=16000", "--channels=1"],
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: bool(self.control("list", "short", "source-outputs")), "the keep-alive")

    def stop(self) -> None:
        """End everything that was started."""
        for player in self._players:
            end(player)
        self._players.clear()
        end(self._keep_alive)
        end(self._server)

    def play(self, sound: NDArray[np.float32] | Path, rate: int = 16_000, sink: str = SINK) -> None:
        """Play samples (mono float32, `rate`) or an audio file, and return when it is over."""
        player = self.start_playing(sound, rate, sink)
        if player.wait(600) != 0:
            raise RuntimeError("paplay could not play to the virtual microphone")
        self._players.remove(player)

    def start_playing(
        self, sound: NDArray[np.float32] | Path, rate: int = 16_000, sink: str = SINK
    ) -> "subprocess.Popen[bytes]":
        """Play like `play`, but return at once."""
        if isinstance(sound, Path):
            from dictation.audio.files import read_audio

            sound, rate = np.concatenate(list(read_audio(sound))), 16_000
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
            file.write(sound.astype("<f4").tobytes())
        player = subprocess.Popen(
            [
                *("paplay", f"--device={sink}", "--raw", "--format=float32le"),
                *(f"--rate={rate}", "--channels=1", file.name),
            ],
            env={**os.environ, **self.environment},
        )
        self._players.append(player)
        return player

    def control(self, *arguments: str) -> str:
        """Run pactl and return what it prints."""
        return subprocess.run(
            ["pactl", *arguments],
            env={**os.environ, **self.environment, "LC_ALL": "C"},
            check=True,
            capture_output=True,
            text=True,
            timeout=_DEADLINE_SECONDS,
        ).stdout

    def kill(self) -> None:
        """Let the server die without a word, as after a crash."""
        if self._server is not None:
            os.kill(self._server.pid, signal.SIGKILL)
            self._server.wait()
        end(self._keep_alive)

    def suspend(self, suspended: bool = True) -> None:
        """Stop the microphone's sound (or let it come again) without a word to its clients."""
        value = "1" if suspended else "0"
        self.control("suspend-source", SOURCE, value)
        self.control("suspend-sink", SINK, value)

    def unload(self) -> None:
        """Take the microphone out of the server, as when it is unplugged."""
        self.control("unload-module", "module-remap-source")

    def load(self) -> None:
        """Put the microphone back, as when it is plugged in again."""
        self.control("load-module", *MICROPHONE.split(" ", 3))

    def add_headset(self) -> None:
        """Plug in a second microphone, which hears what is played elsewhere."""
        self.control("load-module", *_HEADSET.split(" ", 3))

    def _private(self) -> dict[str, str]:
        return {
            "HOME": str(self.folder),
            "PULSE_RUNTIME_PATH": str(self.folder / "pulse"),
            "PULSE_STATE_PATH": str(self.folder / "state"),
            "DBUS_SESSION_BUS_ADDRESS": "",
        }

    def _answers(self) -> bool:
        if self._server is not None and self._server.poll() is not None:
            log = (self.folder / "server.log").read_text(errors="replace")
            raise RuntimeError(f"PulseAudio ended at once: {log[-500:]}")
        with suppress(subprocess.CalledProcessError):
            return bool(self.control("info"))
        return False


@contextmanager
def virtual_microphone() -> Iterator[VirtualMicrophone]:
    """Start an own PulseAudio with a microphone and end it afterwards.

    The environment of this process stays as it is: see `heard_by_this_process`. Raises
    PulseAudioMissingError where it is not installed.
    """
    missing = [
        tool for tool in ("pulseaudio", "pactl", "parec", "paplay") if not shutil.which(tool)
    ]
    if missing:
        raise PulseAudioMissingError(
            f"{', '.join(missing)} not found: apt install pulseaudio pulseaudio-utils"
        )
    # Not in the test's own folder: the path of a Unix socket holds some 100 bytes at most.
    with tempfile.TemporaryDirectory(prefix="pulse-") as name:
        folder = Path(name)
        for part in ("pulse", "state"):
            (folder / part).mkdir(mode=0o700)
        (folder / "asound.conf").write_text(ASOUND)
        microphone = VirtualMicrophone(
            folder,
            {
                "PULSE_SERVER": f"unix:{folder}/pulse/native",
                "PULSE_COOKIE": str(folder / "cookie"),
                "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
            },
        )
        try:
            microphone.start()
            yield microphone
        finally:
            microphone.stop()


@contextmanager
def heard_by_this_process(microphone: VirtualMicrophone) -> Iterator[None]:
    """Let sounddevice in this process find the microphone, and no other.

    PortAudio and ALSA look at the environment when they are started, not when they are imported,
    so they are started anew on the way in and on the way out.
    """
    before = {name: os.environ.get(name) for name in microphone.environment}
    os.environ.update(microphone.environment)
    _restart_portaudio()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _restart_portaudio()


def _restart_portaudio() -> None:
    if "sounddevice" in sys.modules:
        from dictation.audio.devices import rescan

        rescan()


def end(process: subprocess.Popen[bytes] | None) -> None:
    """End a program and wait for it."""
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
