"""From CTC's output to texts: WeNet's results, token for token and frame for frame."""

import pytest
import torch

from dictation.decoding.context import ContextGraph, Phrase
from dictation.decoding.greedy import greedy
from dictation.decoding.prefix_beam import BeamState, extend, hypotheses, prefix_beam_search
from dictation.decoding.times import token_spans
from tests.parity.cases import each_utterance

SCORE = 1e-3


def outputs_of(utterance):
    """Yield the name, results and CTC log-probabilities of every way to encode a recording."""
    for name, results in utterance.results.items():
        if isinstance(results, dict) and "greedy" in results:
            suffix = "full" if name == "full" else name
            yield name, results, utterance.tensor(f"ctc_logp_{suffix}")


def assert_same(found, theirs) -> None:
    assert [list(hypothesis.tokens) for hypothesis in found] == theirs["nbest"]
    assert [list(hypothesis.frames) for hypothesis in found] == theirs["times"]
    assert [hypothesis.score for hypothesis in found] == pytest.approx(theirs["scores"], abs=SCORE)


def beams_of(results):
    return [int(name.removeprefix("prefix_beam")) for name in results if "prefix_beam" in name]


@each_utterance
def test_greedy(utterance):
    tokenizer = utterance.case.checkpoint.tokenizer
    for _, results, log_probs in outputs_of(utterance):
        path = greedy(log_probs)
        assert list(path.tokens) == results["greedy"]
        assert tokenizer.transcript(path.tokens) == results["greedy_text"]


@each_utterance
@torch.inference_mode()
def test_greedy_with_a_penalty_on_blanks(utterance):
    model = utterance.case.checkpoint.model
    for name, results, _ in outputs_of(utterance):
        memory = utterance.tensor("encoder_full" if name == "full" else f"encoder_{name}")
        for key in results:
            if key.startswith("greedy_blank_penalty"):
                penalty = float(key.removeprefix("greedy_blank_penalty"))
                path = greedy(model.ctc_log_probs(memory[None], penalty)[0])
                assert list(path.tokens) == results[key]


@each_utterance
def test_spans_of_tokens(utterance):
    frame_seconds = utterance.case.checkpoint.model.encoder.factor / 100
    duration = utterance.samples.numel() / 16_000
    for _, results, _ in outputs_of(utterance):
        spans = token_spans(results["prefix_beam10"]["times"][0], frame_seconds, duration)
        assert len(spans) == len(results["peak_times_sec"])
        for ours, theirs in zip(spans, results["peak_times_sec"], strict=True):
            assert ours == pytest.approx(theirs, abs=1e-6)


@each_utterance
def test_prefix_beam(utterance):
    for _, results, log_probs in outputs_of(utterance):
        for beam in beams_of(results):
            found = prefix_beam_search(log_probs, beam)
            assert_same(found, results[f"prefix_beam{beam}"])


@each_utterance
def test_the_text_of_the_best_hypothesis(utterance):
    tokenizer = utterance.case.checkpoint.tokenizer
    for _, results, _ in outputs_of(utterance):
        best = results["prefix_beam10"]["nbest"][0]
        assert tokenizer.transcript(best) == results["prefix_text"]


@each_utterance
@pytest.mark.parametrize("chunk", [1, 7])
def test_prefix_beam_chunk_by_chunk(utterance, chunk):
    for _, results, log_probs in outputs_of(utterance):
        for beam in beams_of(results):
            state = BeamState.initial()
            for part in log_probs.split(chunk):
                state = extend(state, part, beam)
            assert_same(hypotheses(state), results[f"prefix_beam{beam}"])


@each_utterance
def test_hot_words_with_wenets_quirks(utterance):
    context = utterance.results.get("context")
    if context is None:
        pytest.skip("no hot words in this case")
    lines = (utterance.case.folder / f"context_{utterance.name}.txt").read_text(encoding="utf-8")
    tokenizer = utterance.case.checkpoint.tokenizer
    ids = [tokenizer.encode(line) for line in lines.splitlines()]
    assert ids == context["context_ids"]
    phrases = [Phrase(tuple(tokens), context["context_score"]) for tokens in ids]
    graph = ContextGraph(phrases, wenet_quirks=True)
    log_probs = torch.from_numpy(utterance.arrays["ctc_logp_full"])
    for beam in beams_of(context):
        assert_same(prefix_beam_search(log_probs, beam, graph), context[f"prefix_beam{beam}"])
