"""The parts above the encoder, and the shapes of the models this project names."""

import pytest
import torch

from dictation.errors import DictationError
from dictation.model.config import ModelConfig
from dictation.model.decoder import AttentionDecoder
from dictation.model.presets import preset
from tests.models import tiny_config, tiny_model


def decoder() -> AttentionDecoder:
    model = tiny_model(tiny_config(decoder=30))
    assert model.decoder is not None
    torch.nn.init.normal_(model.decoder.positions)
    return model.decoder


def test_token_by_token_equals_the_whole_sequence():
    tokens, memory = torch.randint(0, 30, (1, 9)), torch.randn(1, 25, 16)
    model = decoder()
    with torch.inference_mode():
        whole = model(tokens, memory, None)
        state = model.initial_state(memory)
        parts = []
        for part in (tokens[:, :4], *tokens[:, 4:].split(1, dim=1)):
            states, state = model.step(part, state)
            parts.append(states)
    assert (torch.cat(parts, dim=1) - whole).abs().max() <= 1e-5


def test_one_memory_serves_many_hypotheses():
    tokens, memory = torch.randint(0, 30, (3, 6)), torch.randn(1, 25, 16)
    model = decoder()
    with torch.inference_mode():
        together = model(tokens, memory, None)
        apart = torch.cat([model(row[None], memory, None) for row in tokens])
    torch.testing.assert_close(together, apart, atol=1e-5, rtol=0)


def test_padded_memory_is_not_looked_at():
    tokens, memory = torch.randint(0, 30, (2, 6)), torch.randn(2, 25, 16)
    changed = memory.clone()
    changed[1, 10:] = 99.0
    lengths = torch.tensor([25, 10])
    model = decoder()
    with torch.inference_mode():
        assert torch.equal(model(tokens, memory, lengths), model(tokens, changed, lengths))


def test_probabilities_sum_to_one():
    model = tiny_model(tiny_config())
    with torch.inference_mode():
        output = model.encoder(torch.randn(2, 60, 20), torch.tensor([60, 41]))
        ctc, language = model.ctc_log_probs(output.top), model.language_log_probs(output)
    torch.testing.assert_close(ctc.exp().sum(2), torch.ones(ctc.shape[:2]))
    torch.testing.assert_close(language.exp().sum(1), torch.ones(2))


def test_the_language_of_an_utterance_does_not_depend_on_its_padding():
    model = tiny_model(tiny_config())
    features = torch.randn(2, 60, 20)
    features[1, 41:] = 0.0
    with torch.inference_mode():
        together = model.language_log_probs(model.encoder(features, torch.tensor([60, 41])))
        alone = model.language_log_probs(model.encoder(features[1:, :41], torch.tensor([41])))
    torch.testing.assert_close(together[1:], alone, atol=1e-5, rtol=0)


def test_a_configuration_survives_json():
    for config in (preset("starter"), preset("u2pp"), preset("article"), preset("0.6b")):
        assert ModelConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocabulary": "many"}, "model.vocabulary: 'many' is not of type int"),
        ({"colour": 1}, "model: unknown key 'colour'"),
        ({"encoder": 3}, "model.encoder: expected a table"),
        ({"features": {"frontend": "mfcc"}}, "'mfcc' is none of whisper, kaldi"),
        ({"features": {"mel_bins": 10**9}}, "there is no model with mel_bins 1000000000"),
        ({"encoder": {"block": {"width": 16, "heads": 3}}}, "width 16 and 3 heads"),
        ({"encoder": {"block": {"heads": 0}}}, "width 256 and 0 heads"),
        ({"encoder": {"block": {}, "blocks": 10**9}}, "blocks 1000000000"),
        ({"encoder": {"block": {}, "upper_blocks": 2}}, "upper_blocks 2"),
        ({"encoder": {"block": {"convolution": "centred", "kernel_size": 8}}}, "of 8 frames"),
        ({"encoder": {"block": {"dropout": 1.5}}}, "block: there is no model with dropout 1.5"),
        ({"vocabulary": -1}, "vocabulary -1"),
        ({"decoder": {"vocabulary": 20, "start": 20}}, "start 20 and end None"),
    ],
)
def test_a_wrong_configuration_is_named(change, message):
    with pytest.raises(DictationError) as caught:
        ModelConfig.from_dict(tiny_config().to_dict() | change)
    assert message in str(caught.value)
