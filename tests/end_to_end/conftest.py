"""The whole product: a desktop, a sound server, and `dictation run` with the shipped model."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dictation.assets import AssetError, model_folder
from tests.pulse import VirtualMicrophone
from tests.running import RunningDaemon, ready, write_config
from tests.xsession import XSession, xsession


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
    config = write_config(tmp_path_factory.mktemp("dictation"), model, settings)
    with ready(desktop, sound, config) as daemon:
        yield daemon
