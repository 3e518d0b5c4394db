"""A model folder comes back as it was written, and a damaged one is named."""

import json
import sys
from subprocess import run

import pytest
import torch

from dictation.checkpoints.own import load_checkpoint, save_checkpoint
from dictation.checkpoints.weights import ModelError
from dictation.errors import DictationError
from tests.models import tiny_checkpoint


@pytest.fixture
def folder(tmp_path):
    save_checkpoint(tiny_checkpoint(), tmp_path / "tiny", torch.float32)
    return tmp_path / "tiny"


def test_every_weight_comes_back(folder):
    saved, loaded = tiny_checkpoint(), load_checkpoint(folder)
    assert loaded.name == "tiny"
    assert loaded.tokenizer.units == saved.tokenizer.units
    for name, weight in saved.model.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[name], weight)


def test_a_loaded_model_computes_what_the_saved_one_did(folder):
    sound = torch.randn(8000)
    results = []
    for model in (tiny_checkpoint().model, load_checkpoint(folder).model):
        with torch.inference_mode():
            features = model.features(sound)[None]
            results.append(model.encoder(features, torch.tensor([features.size(1)])).top)
    assert torch.equal(*results)


_BUILD = """
import sys
from pathlib import Path
from dictation.checkpoints.own import build_model
from tests.models import tiny_config, tiny_model

config = tiny_config(decoder=30)
build_model(config, tiny_model(config).state_dict(), Path())
print({"torch._dynamo", "sympy", "triton"} & sys.modules.keys())
"""


def test_building_a_model_does_not_bring_the_compiler_along():
    result = run([sys.executable, "-c", _BUILD], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_half_precision_takes_half_the_room(tmp_path):
    for name, dtype in (("full", torch.float32), ("half", torch.float16)):
        save_checkpoint(tiny_checkpoint(), tmp_path / name, dtype)
    sizes = [(tmp_path / name / "model.safetensors").stat().st_size for name in ("full", "half")]
    assert 0.4 < sizes[1] / sizes[0] < 0.6


def test_large_models_are_cut_into_shards(tmp_path, monkeypatch):
    monkeypatch.setattr("dictation.checkpoints.weights.SHARD_BYTES", 20_000)
    save_checkpoint(tiny_checkpoint(), tmp_path, torch.float32)
    shards = sorted(path.name for path in tmp_path.glob("*.safetensors"))
    assert len(shards) > 1
    assert shards[0] == f"model-1-of-{len(shards)}.safetensors"
    assert load_checkpoint(tmp_path).name == "tiny"


def spoil_config(folder):
    (folder / "config.json").write_text("{ not json")


def nested_config(folder):
    (folder / "config.json").write_text('{"a":' * 3000)


def empty_pieces(folder):
    (folder / "pieces.model").write_bytes(b"")


def drop_weights(folder):
    (folder / "model.safetensors").unlink()


def cut_weights(folder):
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])


def other_format(folder):
    values = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(values | {"format": 99}))


def other_size(folder):
    values = json.loads((folder / "config.json").read_text())
    values["model"]["encoder"]["blocks"] = 3
    (folder / "config.json").write_text(json.dumps(values))


def drop_units(folder):
    (folder / "units.txt").unlink()


def shorten_units(folder):
    lines = (folder / "units.txt").read_text().splitlines()
    (folder / "units.txt").write_text("\n".join(lines[:-1]) + "\n")


def spoil_pieces(folder):
    (folder / "pieces.model").write_bytes(b"nothing")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (spoil_config, "not a model configuration"),
        (nested_config, "not a model configuration"),
        (empty_pieces, "damaged sentencepiece model"),
        (drop_weights, "no model*.safetensors"),
        (cut_weights, "damaged"),
        (other_format, "format 99"),
        (other_size, "weight missing: encoder.blocks.2"),
        (drop_units, "units.txt"),
        (shorten_units, "units"),
        (spoil_pieces, "damaged sentencepiece model"),
    ],
)
def test_a_damaged_folder_is_named_in_one_line(folder, damage, message):
    damage(folder)
    with pytest.raises(DictationError) as caught:
        load_checkpoint(folder)
    assert str(folder) in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ModelError, match="no such model folder"):
        load_checkpoint(tmp_path / "nowhere")
