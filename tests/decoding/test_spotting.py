"""The word spotter against every alignment of every stretch of a short utterance."""

import itertools

import pytest
import torch

from dictation.decoding.greedy import collapse
from dictation.decoding.spotting import spot

V = 5


def plain(*phrases: tuple[int, ...]) -> list[tuple[tuple[int, ...], ...]]:
    """Phrases of tokens that sound like no others."""
    return [tuple((token,) for token in phrase) for phrase in phrases]


def random_log_probs(frames: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (2 * torch.randn(frames, V, generator=generator)).log_softmax(1)


def best_by_trying_all(log_probs: torch.Tensor, phrase: tuple[int, ...]) -> float:
    lost = (log_probs - log_probs.max(1, keepdim=True).values).double()
    best = -float("inf")
    for start, end in itertools.combinations(range(len(lost) + 1), 2):
        for path in itertools.product(range(V), repeat=end - start):
            if path[0] and path[-1] and collapse(path).tokens == phrase:
                score = sum(float(lost[start + at, token]) for at, token in enumerate(path))
                best = max(best, score)
    return best


@pytest.mark.parametrize("seed", range(4))
def test_every_phrase_has_its_best_place(seed):
    log_probs = random_log_probs(5, seed)
    phrases = [(2,), (3, 4), (3, 3), (4, 2, 4), (2, 3, 2, 3, 2)]
    found = {each.phrase: each.score for each in spot(log_probs, plain(*phrases), -1e6)}
    for index, phrase in enumerate(phrases):
        assert found[index] == pytest.approx(best_by_trying_all(log_probs, phrase), abs=1e-6)


def said(*peaks: tuple[int, int], frames: int = 30) -> torch.Tensor:
    log_probs = torch.full((frames, V), -9.0)
    log_probs[:, 0] = 0.0
    for frame, token in peaks:
        log_probs[frame, 0], log_probs[frame, token] = -9.0, 0.0
    return log_probs.log_softmax(1)


def test_a_phrase_is_found_where_it_was_said():
    (found,) = spot(said((4, 2), (12, 3), (15, 4), (22, 2)), plain((3, 4)), -1.0)
    assert (found.start, found.end) == (12, 16)
    assert found.score == pytest.approx(0.0, abs=1e-6)


def test_what_was_not_said_is_no_spot():
    assert spot(said((4, 2), (12, 3)), plain((4, 4)), -3.0) == []


def test_the_likeliest_comes_first():
    log_probs = said((4, 2), (12, 3), (15, 4))
    assert [each.phrase for each in spot(log_probs, plain((3, 2), (3, 4)), -20.0)] == [1, 0]


@pytest.mark.parametrize("seed", range(4))
def test_a_token_may_be_heard_as_another_of_its_sound(seed):
    log_probs = random_log_probs(5, seed)
    (found,) = spot(log_probs, [((2, 4), (3,))], -1e6)
    alone = max(best_by_trying_all(log_probs, phrase) for phrase in ((2, 3), (4, 3)))
    # Frames may be shared among what sounds the same, which is likelier than one of them alone.
    assert alone - 1e-6 <= found.score <= 0.0


def test_what_is_heard_as_another_of_the_same_sound_is_a_spot():
    (found,) = spot(said((4, 2), (12, 3), (15, 4)), [((3,), (2, 4))], -1.0)
    assert (found.start, found.end) == (12, 16)


def test_a_token_the_vocabulary_lacks_may_be_any():
    (found,) = spot(said((12, 3), (15, 4), (18, 2)), plain((3, 1, 2)), -1.0)
    assert (found.start, found.end) == (12, 19)


def test_nothing_is_found_in_nothing():
    assert spot(torch.zeros(0, V), plain((2,)), -1.0) == []
    assert spot(said(), [], -1.0) == []
