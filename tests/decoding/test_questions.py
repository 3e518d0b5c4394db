"""Question marks that a decoder thinks of: held to the probabilities of whole texts, and heard."""

import math
from dataclasses import replace

import pytest
import torch

from dictation import load_model
from dictation.decoding.attention import attention_log_probs
from dictation.decoding.questions import EndMark, with_question_mark
from dictation.decoding.refinement import Refined
from tests.audio.corpus import load, recordings
from tests.decoding.test_attention_beam import END, MEMORY, START, decoder

BODY, STOP, QUESTION = (0, 1), (2,), (3, 1)
MARKS = [EndMark((1, 0), (3,)), EndMark(STOP, QUESTION)]


@pytest.fixture
def model():
    """A decoder for which a stop is as likely as not, and nothing is certain."""
    model = decoder(seed=3)
    model.output.weight.data *= 0.1
    return model


def log_probs(model, tokens) -> tuple[float, ...]:
    (row,) = attention_log_probs(model, MEMORY, [START], END, [tokens])
    return tuple(row.tolist())


def text(model, *tokens: int) -> Refined:
    return Refined(tokens, log_probs(model, tokens), True, 7)


def asked(model, written: Refined, words: str = "") -> Refined:
    state = model.initial_state(MEMORY)
    return with_question_mark(model, state, [START], END, written, MARKS, lambda tokens: words)


@pytest.mark.parametrize(
    ("words", "least"),
    [
        ("我们一起去吃饭", 0.1),
        ("谁来都行，我们一起去", 0.1),
        ("他几乎不来", 0.1),
        ("what do you mean", 0.1),
        ("你有几个姐妹", 1 / 70),
        ("说好了，你去不去", 1 / 70),
        ("这个 link 是不是 expired 了", 1 / 70),
    ],
)
@pytest.mark.parametrize("times", [0.5, 0.9, 1.1, 5.0])
@torch.inference_mode()
def test_a_question_mark_that_is_likely_enough_takes_the_place_of_the_stop(
    model, words, least, times
):
    odds = times * least
    for _ in range(20):  # the bias changes what follows, too, a little
        mark, place = log_probs(model, BODY + QUESTION), len(BODY)
        now = sum(mark[place:-1]) - log_probs(model, BODY + STOP)[place]
        model.output.bias.data[QUESTION[0]] += math.log(odds) - now
    written = text(model, *BODY, *STOP)
    found = asked(model, written, words)
    if times < 1:
        assert found == replace(written, passes=8)
        return
    assert found.tokens == BODY + QUESTION
    assert found.log_probs == pytest.approx(log_probs(model, BODY + QUESTION), abs=1e-5)
    assert found.ended
    assert found.passes == 8


@torch.inference_mode()
def test_texts_without_a_stop_at_their_end_stay_and_cost_nothing(model):
    for written in (
        text(model, *BODY),
        text(model, *BODY, *QUESTION),
        replace(text(model, *BODY, *STOP), ended=False),
    ):
        assert asked(model, written) is written


@torch.inference_mode()
def test_where_the_stop_is_certain_nothing_is_looked_at(model):
    model.output.bias.data[STOP[0]] += 8.0
    written = text(model, *BODY, *STOP)
    assert asked(model, written) is written


@pytest.fixture(scope="module")
def starter():
    return load_model("starter", precision="fp32")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("0192", "我和妈妈一起吃什么饭？"),
        ("0195", "妈妈教什么课？"),
        ("0200", "我喜欢上什么课？"),
        ("0184", "我有几个姐妹？"),
        ("0186", "爸爸和妈妈谁的年龄大？"),
    ],
)
def test_questions_without_a_particle_have_their_mark(starter, name, text):
    question = next(path for path in recordings("seedlingo-zh", 10**6) if path.stem == name)
    assert starter.transcribe(load(question)).text == text


def test_statements_keep_their_stop(starter):
    for statement in recordings("aishell-dev", 8):
        assert starter.transcribe(load(statement)).text.endswith("。")
