"""The models this project names: their sizes, and that each one runs, streams and learns."""

import pytest
import torch

from dictation.model.config import ModelConfig
from dictation.model.joint import JointModel
from dictation.model.presets import article, large, preset, starter, u2pp
from dictation.model.sizes import model_size
from dictation.training.config import LossTable
from dictation.training.data import Batch
from dictation.training.losses import joint_loss

FRAMES, SHORTER = 120, 83

MADE = {
    "article": article(200),
    "0.6b, shrunk": article(200, width=128, blocks=27),
    "u2pp": u2pp(200),
    "starter": starter(200, 300),
}
each_preset = pytest.mark.parametrize("config", MADE.values(), ids=MADE.keys())


@pytest.fixture
def model(config):
    torch.manual_seed(1)
    return JointModel(config).eval()


def features(config: ModelConfig, device: str = "cpu") -> torch.Tensor:
    """Return two utterances (2, T, F), the second shorter."""
    generator = torch.Generator().manual_seed(2)
    frames = torch.randn(2, FRAMES, config.features.mel_bins, generator=generator)
    frames[1, SHORTER:] = 0.0
    return frames.to(device)


LENGTHS = torch.tensor([FRAMES, SHORTER])


@each_preset
@torch.inference_mode()
def test_it_runs_over_whole_utterances(config, model):
    output = model.encoder(features(config), LENGTHS)
    log_probs = model.ctc_log_probs(output.top)
    assert log_probs.shape == (2, output.top.size(1), config.vocabulary)
    torch.testing.assert_close(log_probs.exp().sum(2), torch.ones(log_probs.shape[:2]))
    tokens = torch.tensor([[5, 6, 7], [8, 9, 10]])
    states = model.decoder(tokens, output.memory, output.memory_lengths)
    assert model.decoder.logits(states).shape == (2, 3, config.decoder.vocabulary)


@each_preset
@torch.inference_mode()
def test_it_streams_what_the_masked_whole_gives(config, model):
    sound = features(config)[:1]
    whole = model.encoder(sound, LENGTHS[:1], 8, 2).top
    state, parts = model.encoder.initial_state(), []
    for part in (*sound.split(50, dim=1), sound[:, :0]):
        output, state = model.encoder.step(part, state, 8, 2, final=part.size(1) == 0)
        parts.append(output.top)
    streamed = torch.cat(parts, dim=1)
    assert streamed.shape == whole.shape
    assert (streamed - whole).abs().max() <= 1e-5


@each_preset
def test_a_training_step_lowers_the_loss(config, model):
    batch = Batch(
        features=features(config),
        lengths=LENGTHS,
        targets=torch.tensor([[3, 4, 5, 6], [7, 8, 0, 0]]),
        target_lengths=torch.tensor([4, 2]),
        tokens=torch.tensor([[1, 2, 3], [1, 4, 5]]),
        next_tokens=torch.tensor([[2, 3, 4], [4, 5, 6]]),
        languages=torch.tensor([0, 1]),
        seconds=2.0,
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    before = joint_loss(model, batch, LossTable(), 8, -1).total
    before.backward()
    assert all(parameter.grad is not None for parameter in model.encoder.parameters())
    optimizer.step()
    with torch.no_grad():
        assert joint_loss(model, batch, LossTable(), 8, -1).total < before


def test_the_large_one_runs_streams_and_learns_on_paper():
    """On torch's meta device, where shapes are computed and numbers are not."""
    config = large(10_000)
    with torch.device("meta"):
        model = JointModel(config)
    sound = features(config, "meta")
    output = model.encoder(sound, torch.tensor([FRAMES, FRAMES]), 8, 2)
    tokens = torch.zeros(2, 3, dtype=torch.long, device="meta")
    logits = model.decoder.logits(model.decoder(tokens, output.memory, None))
    assert logits.shape == (2, 3, 10_000)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    (model.ctc_log_probs(output.top).sum() + logits.sum()).backward()
    assert all(parameter.grad is not None for parameter in model.encoder.parameters())
    optimizer.step()
    chunks, _ = model.encoder.step(sound[:1], model.encoder.initial_state(), 8, 2, final=True)
    assert chunks.top.shape == output.top[:1].shape


def test_the_article_is_built_to_the_letter():
    config = article(10_000)
    block = config.encoder.block
    assert (config.features.frontend, config.features.mel_bins) == ("kaldi", 40)
    assert (config.encoder.blocks, block.width, block.heads) == (12, 512, 8)
    assert (block.kernel_size, block.ffn_width, block.ffn_scale) == (15, 1024, 1.0)
    assert (block.position, block.macaron, block.convolution) == ("relative_shift", True, "causal")


@pytest.mark.parametrize("vocabulary", [5_000, 10_000, 15_000])
def test_the_large_one_has_the_parameters_the_article_speaks_of(vocabulary):
    assert model_size(large(vocabulary)).parameters == pytest.approx(0.58e9, rel=0.03)


def test_the_article_has_a_sixth_of_what_it_says():
    size = model_size(article(10_000))
    assert size.parameters == pytest.approx(89.8e6, rel=0.001)
    assert dict(size.parts)["encoder"] == pytest.approx(55.3e6, rel=0.001)


def test_u2pp_is_as_large_as_wenets():
    assert model_size(u2pp(4233)).parameters == pytest.approx(48.35e6, rel=0.0002)


def test_the_starter_has_the_size_its_card_says():
    parts = dict(model_size(starter(5600, 13_000)).parts)
    assert parts["encoder"] == pytest.approx(37.0e6, rel=0.01)
    assert parts["decoder"] == pytest.approx(32.1e6, rel=0.01)


def test_a_name_gives_the_model_it_stands_for():
    assert preset("article") == article(10_000)
    assert preset("0.6b", 7_000) == large(7_000)
    assert preset("u2pp") == u2pp(4233)
    assert preset("starter").encoder == starter(5600).encoder


def test_sizes_are_those_of_the_weights_themselves():
    config = MADE["0.6b, shrunk"]
    model, size = JointModel(config), model_size(config)
    held = sum(parameter.nbytes for parameter in model.parameters())
    assert size.fp32_bytes == held == 2 * size.fp16_bytes
    assert size.fp16_bytes / 2 < size.int8_bytes < size.fp16_bytes
    assert (size.memory_rate, size.ctc_rate) == (25.0, 25.0)


@torch.inference_mode()
def test_the_state_of_a_stream_takes_what_is_said():
    config = MADE["0.6b, shrunk"]
    encoder = JointModel(config).eval().encoder
    state, held = encoder.initial_state(), 0
    for _ in range(12):
        _, state = encoder.step(torch.randn(1, 64, 40), state, 16, 4)
    for block in state.blocks:
        held += block.attention.keys.nbytes + block.attention.values.nbytes
        held += block.convolution.nbytes
    assert model_size(config).bounded_state_bytes == pytest.approx(held, rel=0.02)
