"""What a user sees when something is wrong: one clear line, an exit status, never a traceback."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest

from dictation.audio import SAMPLE_RATE
from tests.audio.media import encode
from tests.loudness import silence, voice
from tests.tiny_model import write_tiny_model
from tests.xsession import XSession, wait_until, xsession

Call = Callable[..., CompletedProcess[str]]
HEARD = "好的。"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """A user with folders of their own, without desktop or sound."""
    foreign = ("DISPLAY", "WAYLAND", "XDG_", "DBUS_", "PULSE_", "ALSA_")
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(runtime),
    }


@pytest.fixture
def dictation(variables: dict[str, str]) -> Call:
    def call(*arguments: str | Path) -> CompletedProcess[str]:
        command = [sys.executable, "-m", "dictation", *map(str, arguments)]
        return subprocess.run(
            command, env=variables, capture_output=True, text=True, timeout=300, check=False
        )

    return call


def complaints(done: CompletedProcess[str]) -> list[str]:
    """The lines on standard error, each of which must be one for people."""
    lines = done.stderr.splitlines()
    assert all(line.startswith("dictation: ") for line in lines), done.stderr
    return [line.removeprefix("dictation: ") for line in lines]


def spoken(channels: int = 1, rate: int = SAMPLE_RATE) -> np.ndarray:
    """Two seconds of voice between silences, of shape (time, channels)."""
    mono = np.concatenate([silence(0.5), voice(2.0), silence(1.0)])
    times = np.arange(round(len(mono) * rate / SAMPLE_RATE)) * SAMPLE_RATE / rate
    resampled = np.interp(times, np.arange(len(mono)), mono).astype(np.float32)
    return np.repeat(resampled[:, None], channels, axis=1)


def test_each_file_that_holds_no_sound_is_named_in_a_line_of_its_own(dictation, model, tmp_path):
    empty, no_audio, folder = tmp_path / "empty.wav", tmp_path / "letter.mp3", tmp_path / "folder"
    empty.touch()
    no_audio.write_text("Dear Sir or Madam,\n" * 100)
    folder.mkdir()
    headless = tmp_path / "headless.m4a"
    encode(headless, "aac", SAMPLE_RATE, spoken())
    headless.write_bytes(headless.read_bytes()[:2000])
    missing = tmp_path / "missing.wav"
    files = [empty, no_audio, folder, headless, missing]
    done = dictation("transcribe", "--model", model, *files)
    assert (done.returncode, done.stdout) == (1, "")
    lines = complaints(done)
    assert len(lines) == len(files)
    for line, file in zip(lines, files, strict=True):
        assert str(file) in line


def test_odd_sound_is_heard_all_the_same(dictation, model, tmp_path):
    odd = {
        "telephone.wav": ("pcm_s16le", 8_000, spoken(rate=8_000)),
        "studio.flac": ("flac", 96_000, spoken(rate=96_000)),
        "stereo.mp3": ("mp3", 44_100, spoken(2, rate=44_100)),
    }
    for name, (codec, rate, samples) in odd.items():
        encode(tmp_path / name, codec, rate, samples)
    files = [tmp_path / name for name in odd]
    done = dictation("transcribe", "--json", "--model", model, *files)
    assert (done.returncode, done.stderr) == (0, "")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["text"] for each in found] == [HEARD] * len(odd)
    assert [each["duration"] for each in found] == pytest.approx([3.5] * len(odd), abs=0.1)


@pytest.mark.parametrize("options", [(), ("--stream",)])
def test_silence_and_a_tenth_of_a_second_are_no_error(dictation, model, tmp_path, options):
    sounds = {"silence.wav": silence(5.0), "blip.wav": voice(0.1), "sample.wav": voice(0.1)[:1]}
    for name, samples in sounds.items():
        encode(tmp_path / name, "pcm_s16le", SAMPLE_RATE, samples[:, None])
    files = [tmp_path / name for name in sounds]
    done = dictation("transcribe", "--json", "--model", model, *options, *files)
    assert (done.returncode, done.stderr) == (0, "")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    silent, blip, sample = (each["text"] for each in found)
    assert (silent, sample) == ("", "")
    assert blip in ("", HEARD)


def test_a_truncated_mp3_gives_its_text_and_a_warning(dictation, model, tmp_path):
    cut = tmp_path / "cut.mp3"
    encode(cut, "mp3", SAMPLE_RATE, np.tile(spoken(), (4, 1)))
    cut.write_bytes(cut.read_bytes()[:-15_000])
    done = dictation("transcribe", "--model", model, cut)
    assert done.returncode == 0
    assert done.stdout.startswith(HEARD)
    (line,) = complaints(done)
    assert line.startswith(f"{cut} ends early")


def damage(folder: Path) -> str:
    (folder / "model.safetensors").write_bytes(b"\x00" * 1000)
    return "damaged"


def cut(folder: Path) -> str:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    return "damaged"


def no_weights(folder: Path) -> str:
    (folder / "model.safetensors").unlink()
    return "no model*.safetensors"


def no_vocabulary(folder: Path) -> str:
    (folder / "units.txt").unlink()
    return "units.txt"


def garbled(folder: Path) -> str:
    (folder / "config.json").write_text('{"format": 1,', encoding="utf-8")
    return "not a model configuration"


def gone(folder: Path) -> str:
    shutil.rmtree(folder)
    return "there is no model"


@pytest.mark.parametrize("harm", [damage, cut, no_weights, no_vocabulary, garbled, gone])
def test_a_model_that_cannot_be_used_is_one_line(dictation, model, tmp_path, harm):
    broken = tmp_path / "broken"
    shutil.copytree(model, broken)
    said = harm(broken)
    sound = tmp_path / "sound.wav"
    encode(sound, "pcm_s16le", SAMPLE_RATE, spoken())
    done = dictation("transcribe", "--model", broken, sound)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = complaints(done)
    assert str(broken) in line
    assert said in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[hotkey\n", "is not valid TOML"),
        ("[hotkey]\nkye = 'F9'\n", "hotkey.kye is not a setting; did you mean hotkey.key?"),
        ("[captions]\nfont_size = 'big'\n", "captions.font_size"),
        ("[model]\nname = 'nowhere'\n", "there is no model 'nowhere'"),
    ],
)
def test_a_broken_config_is_one_line(dictation, tmp_path, text, said):
    config = tmp_path / "config.toml"
    config.write_text(text)
    done = dictation("demo", "--silent", "--config", config)
    assert done.returncode == 1
    (line,) = complaints(done)
    assert said in line


@pytest.fixture(scope="module")
def desktop():
    with xsession(window_manager=None) as session:
        yield session


@pytest.fixture
def at_the_desktop(variables: dict[str, str], desktop: XSession, tmp_path: Path, model: Path):
    """The environment of a user at a desktop, with a settings file for the small model."""
    config = tmp_path / "config.toml"
    config.write_text(f'[model]\nname = "{model}"\n[tray]\nenabled = false\n', encoding="utf-8")
    variables["DISPLAY"] = desktop.display
    return config


def test_a_display_that_is_not_there_is_one_line(dictation, variables, at_the_desktop):
    variables["DISPLAY"] = ":31999"
    done = dictation("run", "--config", at_the_desktop)
    assert done.returncode == 1
    (line,) = complaints(done)
    assert ":31999" in line


def test_without_a_microphone_it_runs_says_so_and_ends_well(
    dictation, variables, at_the_desktop, tmp_path
):
    (tmp_path / "asound.conf").write_text("</usr/share/alsa/alsa.conf>\n")
    variables["ALSA_CONFIG_PATH"] = str(tmp_path / "asound.conf")
    log = tmp_path / "log"
    with log.open("wb") as file:
        child = subprocess.Popen(
            [sys.executable, "-m", "dictation", "run", "--config", str(at_the_desktop)],
            env=variables, stdout=file, stderr=file,
        )  # fmt: skip
    try:
        wait_until(lambda: "No microphone was found" in log.read_text(), "the complaint", 60)
        status = json.loads(dictation("status", "--json").stdout)
        assert status["microphone"] is None
        assert "No microphone was found" in status["problem"]
        listed = dictation("devices")
        assert (listed.returncode, listed.stdout) == (1, "")
        assert complaints(listed)[0].startswith("no microphone was found")
    finally:
        child.terminate()
        assert child.wait(60) == 0
    assert "Traceback" not in log.read_text()
    assert all(line.startswith("dictation: ") for line in log.read_text().splitlines())


def test_the_keys_that_cannot_be_had_are_named(dictation, at_the_desktop):
    text = at_the_desktop.read_text(encoding="utf-8")
    at_the_desktop.write_text(text + '[hotkey]\nkey = "Hyper+Frobnicate"\n', encoding="utf-8")
    done = dictation("run", "--config", at_the_desktop)
    assert done.returncode == 1
    (line,) = complaints(done)
    assert "Hyper" in line or "Frobnicate" in line
