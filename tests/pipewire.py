"""The same microphone as in tests.pulse, on a PipeWire of its own in PulseAudio's place."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.buses import private_bus
from tests.pulse import ASOUND, MICROPHONE, SINK, SOURCE, VirtualMicrophone, end, until

_PROGRAMS = ("pipewire", "wireplumber", "pipewire-pulse")


@dataclass
class PipeWireMicrophone(VirtualMicrophone):
    """A null sink and its monitor on PipeWire, heard and changed through PulseAudio's protocol."""

    bus: str = ""
    _servers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PULSE")},
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.folder),
            "DBUS_SESSION_BUS_ADDRESS": self.bus,
        }
        with (self.folder / "server.log").open("ab") as log:
            for program in _PROGRAMS:
                self._servers.append(subprocess.Popen([program], env=env, stdout=log, stderr=log))
                if program == "pipewire":
                    until((self.folder / "pipewire-0").exists, "PipeWire")
        until(lambda: self._did("info"), "PipeWire to answer as PulseAudio")
        for module in (f"module-null-sink sink_name={SINK} rate=48000 channels=1", MICROPHONE):
            self.control("load-module", *module.split(" ", 3))
        until(lambda: SOURCE in self.control("list", "short", "sources"), "the microphone")
        # Until the session manager is there, nothing can be made the default.
        until(lambda: self._did("set-default-source", SOURCE), "the default microphone")
        until(lambda: self._did("set-default-sink", SINK), "the default output")

    def stop(self) -> None:
        for player in self._players:
            end(player)
        for server in reversed(self._servers):
            end(server)

    def _did(self, *command: str) -> bool:
        try:
            self.control(*command)
        except subprocess.CalledProcessError:
            return False
        return True


@contextmanager
def pipewire_microphone() -> Iterator[PipeWireMicrophone]:
    """Start an own PipeWire with a microphone; skips the test where it is not installed."""
    for program in (*_PROGRAMS, "pactl", "paplay"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (apt install pipewire-pulse wireplumber)")
    with private_bus() as bus, tempfile.TemporaryDirectory(prefix="pipewire-") as name:
        folder = Path(name)
        folder.chmod(0o700)
        (folder / "asound.conf").write_text(ASOUND)
        environment = {
            "PULSE_SERVER": f"unix:{folder}/pulse/native",
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
        }
        microphone = PipeWireMicrophone(folder, environment, bus=bus)
        try:
            microphone.start()
            yield microphone
        finally:
            microphone.stop()
