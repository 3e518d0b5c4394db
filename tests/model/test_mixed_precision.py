"""Products alone in half precision, as on CUDA: seen here under the CPU's own autocast."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from dictation.decoding.attention import RescoringWeights, Texts, rescore
from dictation.decoding.prefix_beam import Hypothesis
from dictation.model.config import BlockConfig
from dictation.model.mixed import halve_products, mixing
from dictation.model.placement import PlacedModel, Placement
from dictation.model.presets import u2pp
from tests.models import tiny_model

PRODUCTS = {F.linear, torch.conv1d, torch.conv2d}
EXACT = {
    F.layer_norm,
    F.batch_norm,
    F.rms_norm,
    F.scaled_dot_product_attention,
    torch.Tensor.log_softmax,
    torch.Tensor.logsumexp,
    F.log_softmax,
}


class Types(TorchFunctionMode):
    """Notes the types that functions were given and gave."""

    def __init__(self):
        super().__init__()
        self.given = {}
        self.gave = {}

    def __torch_function__(self, function, types, arguments=(), named=None):
        result = function(*arguments, **(named or {}))
        if function in PRODUCTS | EXACT:
            self.given.setdefault(function, set()).add(arguments[0].dtype)
            self.gave.setdefault(function, set()).add(result.dtype)
        return result


def small_config(**changes):
    config = u2pp(30, width=32, heads=2, decoder_blocks=1, reverse_blocks=1)
    block: BlockConfig = replace(config.encoder.block, ffn_width=64, **changes)
    decoder = replace(config.decoder, ffn_width=32)
    return replace(config, encoder=replace(config.encoder, block=block, blocks=2), decoder=decoder)


def everything(placed):
    """Run every way through a model: whole, as a stream, CTC, and rescoring with both decoders."""
    torch.manual_seed(1)
    features = torch.randn(1, 3 + 5 * 64, 80)
    model, texts = placed.model, [(1, 2, 3), (1, 2, 4)]

    def work():
        whole = model.encoder(features, torch.tensor([features.size(1)]), 16, 1)
        streamed, _ = model.encoder.step(features, model.encoder.initial_state(), 16, 1)
        log_probs = model.ctc_log_probs(streamed.top)
        nbest = [Hypothesis(text, 0.0) for text in texts]
        decoders = (model.decoder, model.reverse_decoder)
        spelled = Texts([29], 29, texts)
        found = rescore(decoders, whole.memory, nbest, RescoringWeights(), spelled)
        scores = torch.tensor([each.score for each in found])
        return whole.memory, streamed.memory, log_probs, scores

    with torch.inference_mode():
        return placed.run(work)


@pytest.mark.parametrize("position", ["relative", "relative_shift", "absolute"])
def test_products_are_halved_and_norms_attention_and_log_sum_exp_are_not(position):
    placed = PlacedModel(tiny_model(small_config(position=position)), Placement("cpu", "fp16"))
    with Types() as types:
        everything(placed)
    for function in PRODUCTS & types.gave.keys():
        assert types.gave[function] == {torch.float16}, function
    assert PRODUCTS & types.gave.keys() >= {F.linear, torch.conv2d}
    for function in EXACT & types.gave.keys():
        assert types.given[function] == types.gave[function] == {torch.float32}, function
    seen = {function.__name__ for function in EXACT & types.gave.keys()}
    assert seen >= {"layer_norm", "scaled_dot_product_attention", "log_softmax", "logsumexp"}


@pytest.mark.parametrize("position", ["relative", "relative_shift", "absolute"])
@pytest.mark.parametrize("norm", ["layer", "batch", "rms"])
def test_half_products_give_what_float32_gives(position, norm):
    config = small_config(position=position, convolution_norm=norm)
    exact = everything(PlacedModel(tiny_model(config), Placement("cpu", "fp32")))
    mixed = everything(PlacedModel(tiny_model(config), Placement("cpu", "fp16")))
    for expected, found in zip(exact, mixed, strict=True):
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, expected, atol=0.03, rtol=0.01)


def test_sums_too_large_for_half_precision_stay_finite():
    model = tiny_model(small_config())
    with torch.no_grad():
        model.encoder.subsampling.linear.weight *= 100_000
        for block in model.encoder.blocks:
            block.attention.query.weight *= 1_000
            block.attention.key.weight *= 1_000
    placed = PlacedModel(model, Placement("cpu", "fp16"))
    largest = []
    model.encoder.blocks[0].macaron_norm.register_forward_pre_hook(
        lambda _, given: largest.append(given[0].abs().max().item())
    )
    assert all(each.isfinite().all() for each in everything(placed))
    assert max(largest) > torch.finfo(torch.float16).max


def test_bf16_is_mixed_in_as_well_but_on_cpus():
    assert Placement("cuda:1", "bf16").mixed_dtype == torch.bfloat16
    assert Placement("cuda", "fp16").dtype == torch.float32
    assert Placement("cpu", "bf16").mixed_dtype is None
    layer, x = torch.nn.Linear(4, 4), torch.ones(1, 4)
    halve_products(layer, torch.bfloat16)
    with mixing("cpu", torch.bfloat16):
        assert layer(x).dtype == torch.bfloat16
