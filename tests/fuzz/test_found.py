"""What damaged files showed of code that is far from reading them."""

import json

import pytest
import safetensors.torch
import torch

from dictation.errors import DictationError
from dictation.recognizer import ModelError
from tests.fuzz.model_targets import MODEL_TARGETS


def test_words_longer_than_the_decoder_can_judge_are_written_as_they_were_heard(tmp_path):
    own = MODEL_TARGETS["own"]
    own.write(tmp_path)
    file = tmp_path / "whole" / "units.txt"
    units = file.read_text(encoding="utf-8").splitlines()
    long = [unit if index < 2 else unit * 500 for index, unit in enumerate(units)]
    file.write_text("\n".join(long) + "\n", encoding="utf-8")
    recognition = own.read(tmp_path / "whole")
    assert len(recognition.words) > 500
    assert recognition.text


@pytest.mark.parametrize("kind", ["bare", "whole"])
def test_weights_that_are_no_numbers_are_told_of(kind, tmp_path):
    own = MODEL_TARGETS["own"]
    own.write(tmp_path)
    file = tmp_path / kind / "model.safetensors"
    weights = safetensors.torch.load_file(file)
    weights["ctc.bias"][3] = torch.nan
    safetensors.torch.save_file(weights, file)
    with pytest.raises(ModelError, match="no probabilities come of these weights"):
        own.read(tmp_path / kind)


@pytest.mark.parametrize(
    ("place", "key"),
    [("model", "vocabulary"), ("decoder", "vocabulary"), ("decoder", "max_tokens"),
     ("decoder", "dropout")],
)  # fmt: skip
def test_numbers_that_no_model_has_are_refused_in_a_line(place, key, tmp_path):
    own = MODEL_TARGETS["own"]
    own.write(tmp_path)
    file = tmp_path / "whole" / "config.json"
    values = json.loads(file.read_text(encoding="utf-8"))
    (values["model"] if place == "model" else values["model"][place])[key] = 10**400
    file.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(DictationError, match=r"there is no model with|too large a number"):
        own.read(tmp_path / "whole")
