"""Hot words: a phrase that is said whole keeps its bonus, whatever else begins or ends alike."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dictation.decoding.context import ContextGraph, Phrase
from dictation.decoding.prefix_beam import prefix_beam_search

texts = st.lists(st.integers(1, 3), min_size=1, max_size=12)
phrase_lists = st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=4), min_size=1, max_size=4)


def bonus(graph: ContextGraph, text: list[int]) -> float:
    state, total = np.zeros(1, np.int64), 0.0
    for token in text:
        state, gained = graph.step(state, np.array([token]))
        total += float(gained[0])
    return total + float(graph.closing(state)[0])


@given(texts, phrase_lists)
def test_the_bonus_of_a_text_is_that_of_the_phrases_in_it(text, phrases):
    graph = ContextGraph([Phrase(tuple(phrase), 1.0) for phrase in phrases])
    expected = sum(
        len(phrase)
        for phrase in {tuple(phrase) for phrase in phrases}
        for start in range(len(text))
        if tuple(text[start : start + len(phrase)]) == phrase
    )
    assert bonus(graph, text) == pytest.approx(expected)


def test_each_phrase_has_its_own_boost():
    graph = ContextGraph([Phrase((1, 2), 2.0), Phrase((3,), 5.0)])
    assert bonus(graph, [1, 2]) == 4.0
    assert bonus(graph, [3]) == 5.0
    assert bonus(graph, [1, 3]) == 5.0


def test_a_phrase_that_begins_an_earlier_one_counts_too_unless_as_in_wenet():
    phrases = [Phrase((1, 2, 3), 1.0), Phrase((1, 2), 1.0)]
    assert bonus(ContextGraph(phrases), [1, 2]) == 2.0
    assert bonus(ContextGraph(phrases, wenet_quirks=True), [1, 2]) == 0.0


def test_many_texts_are_stepped_at_once():
    graph = ContextGraph([Phrase((1, 2), 1.0), Phrase((2, 3), 1.0)])
    states, _ = graph.step(np.zeros(3, np.int64), np.array([1, 2, 9]))
    _, gained = graph.step(states, np.array([2, 3, 1]))
    assert gained.tolist() == [3.0, 3.0, 1.0]  # a token and the whole phrase, or a token alone


def test_no_phrases_change_nothing():
    log_probs = torch.randn(20, 6).log_softmax(1)
    assert prefix_beam_search(log_probs, 4, ContextGraph([])) == prefix_beam_search(log_probs, 4)


def test_a_hot_word_wins_over_what_sounds_like_it():
    # Token 2 is a little likelier than token 3; the phrase 1 3 is what the user says.
    log_probs = torch.tensor([[0.1, 0.8, 0.05, 0.05], [0.1, 0.1, 0.5, 0.3]]).log()
    assert prefix_beam_search(log_probs, 4)[0].tokens == (1, 2)
    hot = prefix_beam_search(log_probs, 4, ContextGraph([Phrase((1, 3), 1.0)]))
    assert hot[0].tokens == (1, 3)
    assert hot[0].score == pytest.approx(math.log(0.8 * 0.3) + 2.0)
