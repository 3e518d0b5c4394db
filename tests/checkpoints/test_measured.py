"""What is fastest is measured once on a machine and remembered."""

import json
from pathlib import Path

import pytest

from dictation.checkpoints import measured
from tests.models import tiny_config

MODEL = Path(__file__).parent


@pytest.fixture
def measurements(monkeypatch):
    """Say how often it was measured, and what is to come out."""
    taken = []

    def measure(config):
        taken.append(config)
        return "int8"

    monkeypatch.setattr(measured, "fastest_on_cpu", measure)
    return taken


def test_a_measurement_is_taken_once(tmp_path, measurements):
    assert [measured.fastest_precision(tiny_config(), MODEL, tmp_path) for _ in range(3)] == [
        "int8"
    ] * 3
    assert len(measurements) == 1


def test_another_shape_is_measured_too(tmp_path, measurements):
    measured.fastest_precision(tiny_config(), MODEL, tmp_path)
    measured.fastest_precision(tiny_config(whisper=False), MODEL, tmp_path)
    measured.fastest_precision(tiny_config(), MODEL, tmp_path)
    assert len(measurements) == 2


def test_other_weights_are_measured_too(tmp_path, measurements):
    model, remembered = tmp_path / "model", tmp_path / "cache"
    model.mkdir()
    for content, taken in ((b"old", 1), (b"newer", 2)):
        (model / "model.safetensors").write_bytes(content)
        measured.fastest_precision(tiny_config(), model, remembered)
        measured.fastest_precision(tiny_config(), model, remembered)
        assert len(measurements) == taken


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', "\x00"])
def test_a_damaged_file_is_measured_anew_and_mended(tmp_path, measurements, text):
    path = tmp_path / "precisions.json"
    path.write_text(text)
    assert measured.fastest_precision(tiny_config(), MODEL, tmp_path) == "int8"
    assert "int8" in json.loads(path.read_text()).values()
    assert list(tmp_path.iterdir()) == [path]


def test_an_answer_that_is_none_is_measured_anew(tmp_path, measurements):
    measured.fastest_precision(tiny_config(), MODEL, tmp_path)
    path = tmp_path / "precisions.json"
    path.write_text(path.read_text().replace("int8", "int3"))
    assert measured.fastest_precision(tiny_config(), MODEL, tmp_path) == "int8"
    assert len(measurements) == 2


def test_where_nothing_can_be_written_it_is_measured_every_time(tmp_path, measurements):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert measured.fastest_precision(tiny_config(), MODEL, blocked) == "int8"
    assert measured.fastest_precision(tiny_config(), MODEL, blocked) == "int8"
    assert len(measurements) == 2


def test_the_measurement_itself_knows_what_it_may_answer():
    assert measured.fastest_on_cpu(tiny_config()) in ("fp32", "bf16", "int8")
