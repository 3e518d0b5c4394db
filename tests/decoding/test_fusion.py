"""A language model in the search: what people write is found where the sound leaves a choice."""

import numpy as np
import pytest
import torch

from dictation.decoding.attention_beam import attention_beam_search
from dictation.decoding.context import ContextGraph, Phrase
from dictation.decoding.fusion import CtcFusion, FusionWeights, WritingFusion
from dictation.decoding.prefix_beam import BeamState, extend, hypotheses, prefix_beam_search
from dictation.language_model.arpa import read_arpa
from tests.decoding.test_attention_beam import END, LIMIT, MEMORY, START, decoder
from tests.language_model.arpa import write_arpa

UNITS = ("<blank>", "今", "天", "讨", "论", "套", " the", " cod", "e", " kode")
TEXTS = [" ", *UNITS[1:]]
WEIGHTS = FusionWeights(0.5, 6.0, 6.0)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    path = write_arpa(tmp_path_factory.mktemp("arpa"))
    return {"zh": read_arpa(path, "zh"), "en": read_arpa(path, "en")}


def heard(*frames: dict[int, float]) -> torch.Tensor:
    """Log-probabilities (T, V) of frames that share out their probability."""
    probs = torch.full((len(frames), len(UNITS)), 1e-4)
    for row, frame in zip(probs, frames, strict=True):
        for unit, probability in frame.items():
            row[unit] = probability
    return (probs / probs.sum(1, keepdim=True)).log()


def text_of(tokens: tuple[int, ...]) -> str:
    return "".join(UNITS[token] for token in tokens).strip()


def test_of_characters_that_sound_alike_the_one_people_write_is_found(models):
    sound = heard({1: 0.9}, {2: 0.9}, {5: 0.5, 3: 0.45}, {4: 0.9})
    assert text_of(prefix_beam_search(sound, 8)[0].tokens) == "今天套论"
    fusion = CtcFusion(models, TEXTS, weights=WEIGHTS)
    assert text_of(prefix_beam_search(sound, 8, fusion)[0].tokens) == "今天讨论"


def test_english_words_are_found_too_the_last_when_the_text_ends(models):
    sound = heard({6: 0.9}, {9: 0.5, 7: 0.45}, {0: 0.5, 8: 0.45})
    assert text_of(prefix_beam_search(sound, 8)[0].tokens) == "the kode"
    fusion = CtcFusion(models, TEXTS, weights=WEIGHTS)
    assert text_of(prefix_beam_search(sound, 8, fusion)[0].tokens) == "the code"


def test_chunk_by_chunk_it_is_the_same_search(models):
    sound = heard({1: 0.6, 3: 0.3}, {2: 0.9}, {5: 0.5, 3: 0.45}, {4: 0.9}, {6: 0.5, 0: 0.4})
    whole = prefix_beam_search(sound, 8, CtcFusion(models, TEXTS, weights=WEIGHTS))
    fusion, state = CtcFusion(models, TEXTS, weights=WEIGHTS), BeamState.initial()
    for chunk in sound.split(2):
        state = extend(state, chunk, 8, fusion)
    assert hypotheses(state, fusion) == whole


def test_hot_words_add_what_they_add_alone(models):
    graph = ContextGraph([Phrase((5, 4), 4.0)])
    fusion = CtcFusion(models, TEXTS, graph, FusionWeights(0.0, 0.0))
    states, gained = np.zeros(1, np.int64), 0.0
    for token in (1, 5, 4):
        states, more = fusion.step(states, np.array([token]))
        gained += float(more[0])
    assert gained + float(fusion.closing(states)[0]) == pytest.approx(8.0)
    states, more = fusion.step(np.zeros(1, np.int64), np.array([5]))
    assert float(more[0] + fusion.closing(states)[0]) == 0.0


LETTERS = ("今", "天", "讨", "论", "", "")


def written(tokens) -> str:
    return "".join(LETTERS[token] for token in tokens)


@pytest.mark.parametrize("seed", range(6))
@torch.inference_mode()
def test_a_decoder_that_has_no_opinion_writes_words(models, seed):
    model = decoder(seed)
    model.output.weight.data.zero_()
    model.output.bias.data.zero_()
    model.output.bias.data[END] = -1e4
    strong = FusionWeights(1.0, 6.0)
    fusion = WritingFusion(models["zh"], written, strong, strong)
    found = attention_beam_search(model, model.initial_state(MEMORY), [START], END, 20, 4, fusion)
    assert written(found.tokens).replace("今天", "").replace("讨论", "") == ""
    assert len(written(found.tokens)) == 4


@pytest.mark.parametrize("seed", range(6))
@torch.inference_mode()
def test_without_weight_the_text_and_its_probabilities_are_the_decoders(models, seed):
    model, nothing = decoder(seed), FusionWeights(0.0, 0.0)
    fusion = WritingFusion(models["zh"], written, nothing, nothing)
    for beam in (1, 3):
        with_it = attention_beam_search(
            model, model.initial_state(MEMORY), [START], END, beam, LIMIT, fusion
        )
        without = attention_beam_search(
            model, model.initial_state(MEMORY), [START], END, beam, LIMIT
        )
        assert with_it.ended or not without.ended
        if without.ended:
            assert sum(with_it.log_probs) >= sum(without.log_probs) - 1e-5
