"""Characters added to a model that was trained without them."""

from dataclasses import replace

import pytest
import torch

from dictation.checkpoints.growing import with_characters
from dictation.checkpoints.own import load_checkpoint, save_checkpoint
from dictation.checkpoints.weights import ModelError
from tests.models import tiny_checkpoint, tiny_config, tiny_model

NEW = "轮事丐"  # as 论 (lun) but for the tone, as 是 (shi4), and like nothing that is there


@pytest.fixture(scope="module")
def before():
    return tiny_checkpoint()


@pytest.fixture(scope="module")
def grown(before):
    return with_characters(before, ["的", *NEW, "事"])


def log_probs(checkpoint):
    features = torch.randn((1, 400, 20), generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        output = checkpoint.model.eval().encoder(features, torch.tensor([400]))
        return checkpoint.model.ctc_log_probs(output.top)[0]


def test_new_characters_come_last_and_can_be_written(before, grown):
    assert grown.tokenizer.units == (*before.tokenizer.units, *NEW)
    assert grown.tokenizer.decode(grown.tokenizer.encode(f"的{NEW} API")) == f"的{NEW} API"


def test_greedy_texts_stay_as_they_were(before, grown):
    assert torch.equal(log_probs(grown).argmax(1), log_probs(before).argmax(1))


def test_a_new_character_is_a_little_behind_what_sounds_the_same(grown):
    scores = log_probs(grown)
    for character, model in (("事", "是"), ("轮", "论")):
        (new,), (old,) = map(grown.tokenizer.encode, (character, model))
        torch.testing.assert_close(scores[:, new], scores[:, old] - 1.0)


def test_a_grown_model_is_saved_and_read_again(grown, tmp_path):
    save_checkpoint(grown, tmp_path, torch.float32)
    torch.testing.assert_close(log_probs(load_checkpoint(tmp_path)), log_probs(grown))


def test_both_heads_of_a_model_with_two_encoders_learn_them(before):
    config = replace(tiny_config(len(before.tokenizer)), mixed=True)
    model = with_characters(replace(before, model=tiny_model(config)), NEW).model
    for head in (model.ctc, model.mixed.ctc):
        known, new = (before.tokenizer.encode("是")[0], len(before.tokenizer) + NEW.index("事"))
        torch.testing.assert_close(head.weight[new], head.weight[known])
        torch.testing.assert_close(head.bias[new], head.bias[known] - 1.0)


def test_a_model_that_lacks_nothing_is_left_alone(before):
    assert with_characters(before, "的是") is before


def test_a_decoder_that_writes_the_same_units_is_refused(before):
    model = tiny_model(tiny_config(len(before.tokenizer), decoder=len(before.tokenizer)))
    with pytest.raises(ModelError, match="its decoder writes CTC's units"):
        with_characters(replace(before, model=model, decoder_tokenizer=None), NEW)
