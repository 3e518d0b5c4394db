"""The second pass: what WeNet's decoders make of its n-best lists."""

import pytest
import torch

from dictation.decoding.attention import RescoringWeights, Texts, attention_log_probs, rescore
from dictation.decoding.prefix_beam import Hypothesis
from tests.parity.cases import assert_near, each_utterance

LOG_PROB, SCORE, CONFIDENCE = 2e-4, 1e-3, 1e-4


def passes_of(utterance):
    """Yield the name, results and encoder states of each way to encode a recording."""
    for name, results in utterance.results.items():
        if isinstance(results, dict) and "rescoring" in results:
            memory = utterance.tensor("encoder_full" if name == "full" else f"encoder_{name}")
            yield name, results, memory[None]


def nbest_of(results) -> list[Hypothesis]:
    beam = results["prefix_beam10"]
    rows = zip(beam["nbest"], beam["scores"], beam["times"], strict=True)
    return [Hypothesis(tuple(tokens), score, tuple(times)) for tokens, score, times in rows]


@each_utterance
@torch.inference_mode()
def test_every_probability_of_the_best_hypothesis(utterance):
    model = utterance.case.checkpoint.model
    for name, results, memory in passes_of(utterance):
        best = results["prefix_beam10"]["nbest"][0]
        for prefix, decoder, tokens in (
            ("decoder", model.decoder, best),
            ("r_decoder", model.reverse_decoder, best[::-1]),
        ):
            golden = f"{prefix}_logp_hyp0_{name}"
            if golden in utterance.arrays:
                given = torch.tensor([[decoder.config.start, *tokens]])
                logits = decoder.logits(decoder(given, memory, None))[0]
                assert_near(logits.log_softmax(1), utterance.tensor(golden), LOG_PROB)


@each_utterance
@torch.inference_mode()
def test_every_score_of_every_hypothesis(utterance):
    model = utterance.case.checkpoint.model
    for _, results, memory in passes_of(utterance):
        texts = results["prefix_beam10"]["nbest"]
        for name, decoder, turned in (
            ("decoder_l2r_score", model.decoder, texts),
            ("decoder_r2l_score", model.reverse_decoder, [text[::-1] for text in texts]),
        ):
            if name in results and decoder is not None:
                config = decoder.config
                rows = attention_log_probs(decoder, memory, [config.start], config.end, turned)
                scores = [float(row.sum()) for row in rows]
                assert scores == pytest.approx(results[name], abs=SCORE)


@each_utterance
@torch.inference_mode()
def test_the_choice_for_every_pair_of_weights(utterance):
    model = utterance.case.checkpoint.model
    for _, results, memory in passes_of(utterance):
        for wanted in results["rescoring"]:
            weights = RescoringWeights(wanted["ctc_weight"], wanted["reverse_weight"])
            decoders = (model.decoder, model.reverse_decoder)
            nbest, config = nbest_of(results), model.decoder.config
            texts = Texts([config.start], config.end, [each.tokens for each in nbest])
            found = rescore(decoders, memory, nbest, weights, texts)
            best = max(found, key=lambda each: each.score)
            assert list(best.hypothesis.tokens) == wanted["tokens"]
            assert list(best.hypothesis.frames) == wanted["times"]
            assert best.score == pytest.approx(wanted["score"], abs=SCORE)
            assert best.confidence == pytest.approx(wanted["confidence"], abs=CONFIDENCE)
            assert best.token_confidences == pytest.approx(
                wanted["tokens_confidence"], abs=CONFIDENCE
            )
