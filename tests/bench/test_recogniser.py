"""The parts of the recogniser, timed on a model of a few kilobytes, and what they are held to."""

import json
from dataclasses import replace

import pytest
import torch

from dictation.bench.recogniser import Wanted, similar_texts, time_recogniser
from dictation.cli.timings import timing_table, timing_values
from dictation.decoding.attention import RescoringWeights, Texts, rescore
from dictation.decoding.prefix_beam import Hypothesis
from dictation.errors import DictationError
from dictation.model.placement import Placement, place
from dictation.model.presets import u2pp
from tests.models import tiny_config, tiny_model
from tests.plain_recogniser import plain_rescore, plain_stream


def small_u2pp():
    config = u2pp(30, width=16, heads=2, decoder_blocks=1, reverse_blocks=1)
    block = replace(config.encoder.block, ffn_width=512)
    decoder = replace(config.decoder, ffn_width=32)
    return replace(config, encoder=replace(config.encoder, block=block, blocks=2), decoder=decoder)


def test_every_part_is_timed_beside_its_references():
    timings = time_recogniser(Wanted("small", small_u2pp(), (1,), repetitions=2), lambda _: None)
    who = {each.who for each in timings.timings}
    assert {"dictation fp32", "dictation int8", "torchaudio Conformer"} <= who
    assert {"plain", "plain, all anew", "plain, one by one"} <= who
    parts = {each.part.partition(" of ")[0].partition(",")[0] for each in timings.timings}
    assert parts == {
        "features",
        "encoding 10 s whole",
        "chunk",
        "prefix beam 10",
        "rescoring 10 x 60",
    }
    rescored = {each.who for each in timings.timings if each.part.startswith("rescoring")}
    assert {"dictation fp32", "dictation int8"} <= rescored
    assert all(each.factor > 0 and each.cpu >= 0 for each in timings.timings)
    assert len(timing_table(timings)) == len(timings.timings) + 6
    assert len(json.loads(json.dumps(timing_values(timings)))["timings"]) == len(timings.timings)


def test_a_decoder_with_words_of_its_own_is_not_timed():
    with pytest.raises(DictationError, match="writes no units of CTC"):
        time_recogniser(Wanted("starter", tiny_config(decoder=20)), lambda _: None)


def test_similar_texts_differ_in_few_places():
    texts = similar_texts(10, 60, 1000, 7)
    assert len(set(texts)) == 10
    different = {place for text in texts for place in range(60) if text[place] != texts[0][place]}
    assert 1 <= len(different) <= 4


@torch.inference_mode()
def test_what_is_fast_is_what_a_textbook_says():
    config = small_u2pp()
    plain, fast = tiny_model(config), tiny_model(config)
    place(fast, Placement("cpu", "fp32"))
    features = torch.randn(1, 3 + 5 * 64, 80)
    output, _ = fast.encoder.step(features, fast.encoder.initial_state(), 16, 1)
    expected = plain_stream(plain, features, 16, 1)
    torch.testing.assert_close(output.memory, expected, atol=1e-5, rtol=0)
    texts = similar_texts(5, 12, 30, 3)
    nbest = [Hypothesis(text, 0.0) for text in texts]
    weights, spelled = RescoringWeights(0.0, 0.4), Texts([29], 29, texts)
    found = rescore((fast.decoder, fast.reverse_decoder), output.memory, nbest, weights, spelled)
    for each, (left, right) in zip(found, plain_rescore(plain, output.memory, texts), strict=True):
        assert each.score == pytest.approx(0.6 * left + 0.4 * right, abs=1e-3)
