"""The whole product: a desktop, a sound server, and `dictation run` with the shipped model."""

import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dictation.assets import AssetError, model_folder, samples_folder
from tests import pulse
from tests.daemon.conftest import RunningDaemon
from tests.hands import Hands
from tests.pulse import VirtualMicrophone
from tests.xsession import XSession, xsession


@dataclass(frozen=True)
class Recording:
    """A bundled recording and the text somebody would write for it."""

    path: Path
    written: str
    language: str

    @property
    def name(self) -> str:
        return self.path.stem


def recordings() -> dict[str, Recording]:
    folder = samples_folder()
    entries = json.loads((folder / "samples.json").read_text(encoding="utf-8"))
    found = [Recording(folder / each["audio"], each["written"], each["lang"]) for each in entries]
    return {recording.name: recording for recording in found}


@pytest.fixture(scope="session")
def model(request: pytest.FixtureRequest) -> Path:
    """The model that comes with Dictation, or the one of --model."""
    try:
        return model_folder(request.config.getoption("--model"))
    except AssetError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def desktop() -> Iterator[XSession]:
    with xsession(panel="tint2") as session:
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


@pytest.fixture(scope="module")
def settings() -> str:
    """What the module's daemon has in its settings beside the model and the microphone."""
    return ""


@pytest.fixture(scope="module")
def daemon(
    desktop: XSession,
    sound: VirtualMicrophone,
    model: Path,
    settings: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningDaemon]:
    """`dictation run`, ready; it ends with the module at the latest."""
    folder = tmp_path_factory.mktemp("dictation")
    config = folder / "config.toml"
    config.write_text(
        f'[model]\nname = "{model}"\n[audio]\ndevice = "microphone"\n{settings}', encoding="utf-8"
    )
    env = {**desktop.env, **sound.environment, "XDG_STATE_HOME": str(folder / "state")}
    running = RunningDaemon(desktop, env, config)
    running.start()
    running.wait_for("idle")
    yield running
    if running.process is not None and running.process.poll() is None:
        assert running.end(signal.SIGTERM) == 0
