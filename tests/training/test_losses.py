"""The losses against their definitions."""

import copy
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from dictation.model.config import DecoderConfig
from dictation.training.config import LossTable
from dictation.training.data import Batch
from dictation.training.losses import (
    Counts,
    joint_loss,
    smoothed_divergence,
    state_distance,
)
from tests.models import tiny_config, tiny_model


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_divergence_from_smoothed_targets(smoothing):
    logits, wanted = torch.randn(5, 7), torch.tensor([0, 6, 3, 3, 1])
    targets = torch.full((5, 7), smoothing / 6)
    targets[torch.arange(5), wanted] = 1.0 - smoothing
    expected = F.kl_div(logits.log_softmax(1), targets, reduction="sum")
    torch.testing.assert_close(smoothed_divergence(logits, wanted, smoothing), expected)


def test_nothing_is_left_to_learn_where_the_prediction_is_the_target():
    logits = torch.tensor([[0.9, 0.05, 0.05]]).log()
    assert smoothed_divergence(logits, torch.tensor([0]), 0.1).item() == pytest.approx(0, abs=1e-6)


def test_both_decoders_learn_and_padding_teaches_nothing():
    shape = DecoderConfig(
        20,
        width=16,
        heads=2,
        ffn_width=32,
        blocks=1,
        reverse_blocks=1,
        start=19,
        end=19,
        positions="sinusoid",
        tied=False,
        dropout=0.0,
    )
    model = tiny_model(replace(tiny_config(), decoder=shape))
    batch = Batch(
        features=torch.randn(2, 60, 20),
        lengths=torch.tensor([60, 40]),
        targets=torch.tensor([[3, 4, 5, 6], [7, 8, 0, 0]]),
        target_lengths=torch.tensor([4, 2]),
        tokens=torch.zeros(2, 1, dtype=torch.long),
        next_tokens=torch.full((2, 1), -100),
        languages=torch.tensor([0, 1]),
        seconds=1.0,
    )
    other = replace(batch, targets=torch.tensor([[3, 4, 5, 6], [7, 8, 9, 9]]))
    weights = LossTable(reverse=0.5)
    losses = joint_loss(model, batch, weights, 4, -1)
    losses.total.backward()
    for decoder in (model.decoder, model.reverse_decoder):
        assert all(parameter.grad is not None for parameter in decoder.parameters())
    again = joint_loss(model, other, weights, 4, -1)
    assert again.attention.item() == pytest.approx(losses.attention.item(), rel=1e-6)


def test_a_teacher_with_the_same_states_has_nothing_to_teach():
    states, lengths = torch.randn(2, 6, 4), torch.tensor([6, 3])
    assert state_distance(states, states, lengths).tolist() == [0.0, 0.0]
    doubled = 2 * states
    doubled[1, 3:] = 99.0  # padding counts for nothing
    torch.testing.assert_close(state_distance(doubled, states, lengths), torch.ones(2))


def test_the_gradients_of_parts_add_up_to_those_of_the_whole():
    model = tiny_model(tiny_config(whisper=False)).eval()

    def batch(rows):
        features = torch.linspace(-1, 1, 60 * 20).view(60, 20)
        return Batch(
            features=torch.stack([features * (row + 1) for row in rows]),
            lengths=torch.full((len(rows),), 60),
            targets=torch.tensor([[3 + row, 4] for row in rows]),
            target_lengths=torch.full((len(rows),), 2),
            tokens=torch.zeros(len(rows), 1, dtype=torch.long),
            next_tokens=torch.full((len(rows), 1), -100),
            languages=torch.tensor([-100 if row == 1 else 0 for row in rows]),
            seconds=1.0,
        )

    def gradients(parts):
        model.zero_grad()
        batches = [batch(rows) for rows in parts]
        counts = Counts.of(batches)
        for each in batches:
            joint_loss(model, each, LossTable(), 4, -1, counts).total.backward()
        return [p.grad.clone() for p in model.parameters() if p.grad is not None]

    whole, parts = gradients([[0, 1, 2]]), gradients([[0, 1], [2]])
    assert len(whole) == len(parts) > 10
    for one, other in zip(whole, parts, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def one_batch():
    return Batch(
        features=torch.randn(2, 60, 20, generator=torch.Generator().manual_seed(0)),
        lengths=torch.tensor([60, 40]),
        targets=torch.tensor([[3, 4, 5, 6], [7, 8, 0, 0]]),
        target_lengths=torch.tensor([4, 2]),
        tokens=torch.tensor([[1, 2, 3], [1, 2, 0]]),
        next_tokens=torch.tensor([[2, 3, 4], [2, 5, -100]]),
        languages=torch.tensor([0, 1]),
        seconds=1.0,
    )


def test_a_loss_by_token_is_that_by_utterance_shared_out():
    model, batch = tiny_model(tiny_config(decoder=20)).eval(), one_batch()
    whole = joint_loss(model, batch, LossTable(), 4, -1)
    shared = joint_loss(model, batch, LossTable(per="token"), 4, -1)
    assert Counts.of([batch]) == Counts(utterances=2, labelled=2, units=6, tokens=5)
    assert shared.ctc.item() == pytest.approx(whole.ctc.item() * 2 / 6, rel=1e-5)
    assert shared.attention.item() == pytest.approx(whole.attention.item() * 2 / 5, rel=1e-5)


def test_the_decoder_reads_the_memory_it_is_told_to():
    model, batch = tiny_model(tiny_config(decoder=20)).eval(), one_batch()

    def attention(context, chunk_size):
        weights = LossTable(attention_context=context)
        return joint_loss(model, batch, weights, chunk_size, -1).attention.item()

    chunked, whole = attention("chunk", 4), attention("chunk", None)
    assert chunked != pytest.approx(whole, rel=1e-5)
    assert attention("full", 4) == pytest.approx(whole, rel=1e-5)
    assert attention("both", 4) == pytest.approx((chunked + whole) / 2, rel=1e-5)
    assert attention("both", None) == pytest.approx(whole, rel=1e-5)


def test_where_a_batch_is_kept_the_decoder_stays_with_what_it_wrote_at_first():
    model, batch = tiny_model(tiny_config(decoder=20)).eval(), one_batch()
    first = copy.deepcopy(model)
    kept = replace(batch, kept=torch.tensor([True, True]))
    one_kept = replace(batch, kept=torch.tensor([True, False]))
    weights = LossTable(ctc=0.0, attention=1.0, label_smoothing=0.0)

    def attention(batch, beginning=first):
        return joint_loss(model, batch, weights, None, -1, beginning=beginning).attention.item()

    assert attention(kept) == pytest.approx(0.0, abs=1e-5)
    assert attention(kept, None) == pytest.approx(attention(batch))
    only_second = replace(batch, next_tokens=torch.tensor([[-100] * 3, [2, 5, -100]]))
    assert attention(one_kept) == pytest.approx(attention(only_second), rel=1e-5)
    with torch.no_grad():
        for parameter in model.decoder.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    moved = attention(kept)
    assert moved > 0.01
    optimizer = torch.optim.SGD(model.decoder.parameters(), lr=0.05)
    for _ in range(20):
        optimizer.zero_grad()
        joint_loss(model, kept, weights, None, -1, beginning=first).total.backward()
        optimizer.step()
    assert attention(kept) < 0.5 * moved
