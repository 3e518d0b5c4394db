"""Captions by the decoder: they come to its text of what was heard, and cost little on the way."""

from dataclasses import replace

import pytest
import torch

from dictation.decoding.captions import Caption, CaptionWriter, chunks_to_skip
from dictation.model.config import DecoderConfig
from dictation.model.linear import Int8Linear
from tests.models import tiny_config, tiny_model

VOCABULARY, START, END = 24, 23, 22
SHAPE = DecoderConfig(
    VOCABULARY,
    width=16,
    heads=2,
    ffn_width=32,
    blocks=2,
    start=START,
    end=END,
    positions="sinusoid",
    scaled=True,
    tied=False,
    key_bias=True,
)
MEMORY = torch.randn(1, 64, 16, generator=torch.Generator().manual_seed(5))


class Letters:
    """A spelling in which CTC's units are the decoder's tokens, and both are letters."""

    end = END

    def prompt(self, language):
        return (START,)

    def spell(self, tokens):
        return tuple(tokens)

    def spelled(self, text):
        return tuple(ord(letter) - ord("a") for letter in text)

    def raw(self, tokens):
        return "".join(chr(ord("a") + token) for token in tokens)

    def finished(self, raw):
        return raw


def decoder(seed: int):
    return tiny_model(replace(tiny_config(), decoder=SHAPE), seed).decoder


def greedy(model, count: int) -> str:
    tokens: list[int] = []
    while len(tokens) < count:
        states = model(torch.tensor([[START, *tokens]]), MEMORY, None)
        best = int(model.logits(states)[0, -1].argmax())
        if best == END:
            break
        tokens.append(best)
    return Letters().raw(tokens)


def writer(model, max_distance=1.0):
    return CaptionWriter(model, Letters(), max_distance)


@pytest.mark.parametrize("seed", range(8))
@torch.inference_mode()
def test_a_caption_becomes_the_decoders_text_of_what_was_heard(seed):
    model, heard = decoder(seed), list(range(9))
    caption = Caption().hearing(MEMORY)
    for _ in range(6):
        caption = writer(model).write(caption, heard, "abc", "en")
    assert caption.text == greedy(model, len(heard) + 3)


@pytest.mark.parametrize("seed", range(4))
@torch.inference_mode()
def test_when_no_more_sound_comes_a_caption_is_written_to_its_end(seed):
    model, heard = decoder(seed), list(range(10))
    model.output.bias[END] = -1e4
    caption = writer(model).write(Caption().hearing(MEMORY), heard, "abc", "en")
    assert writer(model).whole(caption, heard, "abc", "en") == greedy(model, 14)
    assert writer(model).whole(Caption(), (), "", "en") == ""


@torch.inference_mode()
def test_a_caption_never_shrinks_to_a_part_of_what_is_shown():
    shown, shrunk = [], 0
    for seed in range(8):
        model, caption = decoder(seed), Caption()
        for count, part in enumerate(MEMORY.split(4, dim=1), start=1):
            before = caption
            caption = writer(model).write(caption.hearing(part), [3] * count, "abc", "en")
            agreed = Letters().raw(caption.tokens)[: len(caption.text)]
            shrunk += len(agreed) < len(before.text) and caption.text == before.text
            shown.append((before.text, caption.text))
    assert shrunk
    assert not [(one, other) for one, other in shown if one != other and one.startswith(other)]


@pytest.mark.parametrize("sure", [False, True])
@torch.inference_mode()
def test_what_is_new_is_shown_once_the_decoder_is_sure_of_it_or_says_it_again(sure):
    model, first = decoder(1), MEMORY[:, :20]
    model.output.bias[END] = -1e4
    if sure:
        model.output.weight *= 1e3
    before = writer(model).write(Caption().hearing(first), [3] * 3, "abc", "en")
    after = writer(model).write(before.hearing(MEMORY[:, 20:]), [3] * 6, "abc", "en")
    assert len(after.tokens) > len(before.tokens)
    shown = Letters().raw(after.tokens)
    assert (after.text == shown) == sure
    assert shown.startswith(after.text)


@pytest.mark.parametrize("seed", range(4))
@torch.inference_mode()
def test_sound_in_parts_is_the_same_as_at_once(seed):
    model, heard = decoder(seed), list(range(6))
    parts = Caption()
    for part in MEMORY.split(16, dim=1):
        parts = parts.hearing(part)
    whole = writer(model).write(Caption().hearing(MEMORY), heard, "abc", "en")
    assert writer(model).write(parts, heard, "abc", "en").tokens == whole.tokens


@pytest.mark.parametrize("seed", range(4))
@torch.inference_mode()
def test_memory_that_was_passing_leaves_nothing_behind(seed):
    model, heard = decoder(seed), list(range(6))
    whole = writer(model).write(Caption().hearing(MEMORY), heard, "abc", "en")
    first, second = MEMORY.split([40, 24], dim=1)
    caption = Caption().hearing(first)
    for passing in (torch.randn_like(second), torch.randn_like(second[:, :9])):
        caption = writer(model).write(caption.hearing(passing, certain=False), heard, "abc", "en")
    caption = caption.hearing(torch.randn_like(second), certain=False).hearing(second)
    # What the tokens themselves remember is of when they were read.
    again = replace(caption, tokens=(), state=caption.state.until(0))
    assert writer(model).write(again, heard, "abc", "en").tokens == whole.tokens


@pytest.mark.parametrize("units", [0, 3, 12])
@torch.inference_mode()
def test_a_caption_is_hardly_longer_than_what_ctc_heard(units):
    model = decoder(1)
    model.output.bias[END] = -1e4  # it never ends
    caption = Caption()
    for part in MEMORY.split(8, dim=1):
        caption = writer(model).write(caption.hearing(part), [3] * units, "abc", "en")
    assert len(caption.tokens) == units + units // 5 + 2


@torch.inference_mode()
def test_the_cost_of_a_caption_has_a_bound_however_long_the_utterance(monkeypatch):
    model = decoder(2)
    model.output.bias[END] = -1e4
    given = []

    def step(tokens, state, real=model.step):
        given.append(tokens.size(1))
        return real(tokens, state)

    monkeypatch.setattr(model, "step", step)
    caption, costs = Caption(), []
    for count in range(1, 60):
        given.clear()
        caption = writer(model).write(
            caption.hearing(MEMORY[:, :8]), [3] * count, "abc" * count, "en"
        )
        costs.append((len(given), max(given)))
    assert max(passes for passes, _ in costs) <= 8
    assert max(tokens for _, tokens in costs) <= 20


@torch.inference_mode()
def test_a_decoder_that_makes_things_up_gives_way_to_what_ctc_heard():
    made_up = writer(decoder(3), max_distance=0.0)
    caption = Caption().hearing(MEMORY)
    for _ in range(3):
        caption = made_up.write(caption, [3] * 9, "xyz", "en")
    assert caption.text == "xyz"


@torch.inference_mode()
def test_a_decoder_in_int8_writes_nearly_the_same_probabilities():
    model, formed = decoder(4), decoder(4)
    formed.take_form("int8")
    tokens = torch.tensor([[START, 1, 2, 3]])
    exact, rough = (
        each.logits(each.step(tokens, each.initial_state(MEMORY))[0]).softmax(2)
        for each in (model, formed)
    )
    assert torch.allclose(exact, rough, atol=0.05)
    assert not torch.equal(exact, rough)


@torch.inference_mode()
def test_its_queries_keys_and_values_are_those_of_three_products():
    formed = decoder(4)
    attention = formed.blocks[0].self_attention
    x = torch.randn(2, 3, formed.config.width)
    layers = (attention.query, attention.key, attention.value)
    apart = [Int8Linear(layer.weight, layer.bias)(x) for layer in layers]
    formed.take_form("int8")
    queries, (keys, values) = attention.within(x)
    for joint, own in zip((queries, keys, values), apart, strict=True):
        assert torch.equal(joint.transpose(1, 2).flatten(2), own)


@pytest.mark.parametrize(
    ("spent", "skipped"), [(0.0, 0), (0.1, 0), (0.16, 0), (0.2, 1), (0.32, 1), (0.4, 2), (3.2, 19)]
)
def test_slow_captions_leave_half_of_the_time_to_the_sound(spent, skipped):
    assert chunks_to_skip(spent, 0.32) == skipped
