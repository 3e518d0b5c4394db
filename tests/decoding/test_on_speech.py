"""On speech: slips of a draft are corrected, and words are where they were said."""

from itertools import pairwise

import numpy as np
import pytest
import soxr
import torch

from dictation import load_model
from dictation.audio import SAMPLE_RATE
from dictation.decoding.refinement import refine
from dictation.decoding.spelling import WrittenSpelling
from tests.audio.corpus import load, recordings

LIMIT = 60


@pytest.fixture(scope="module")
def starter():
    return load_model("starter", precision="fp32")


@pytest.fixture(scope="module")
def speak():
    """Say a sentence with a synthetic voice."""
    pytest.importorskip("hibari")
    from dictation.training.phonemes import Phonemizer
    from dictation.training.voices import KOKORO_RATE, Hibari

    phonemes, voice = Phonemizer(), Hibari()

    def say(text: str) -> np.ndarray:
        sound = voice.speak(phonemes(text), 0.9, 1)
        return soxr.resample(sound, KOKORO_RATE, SAMPLE_RATE).astype(np.float32)

    return say


# The drafts are made by hand, with the slips of a model that spells by ear.
@pytest.mark.parametrize(
    ("said", "draft", "right"),
    [
        ("I would like an apple pie.", "I would like an appel pie.", "apple pie"),
        ("Did you receive my message?", "Did you recieve my message.", "receive"),
        ("We will definitely be there on Monday.", "We will definately be there.", "definitely"),
    ],
)
def test_slips_of_a_draft_are_corrected_in_a_few_passes(starter, speak, said, draft, right):
    model, checkpoint = starter._model, starter._checkpoint
    spelling = WrittenSpelling(checkpoint.tokenizer, checkpoint.decoder_tokenizer)
    with torch.inference_mode():
        frames = model.features(torch.from_numpy(speak(said)))
        memory = model.encoder(frames[None], torch.tensor([len(frames)])).memory
        prompt, end = spelling.prompt("en"), spelling.end
        refined, greedy = (
            refine(model.decoder, memory, prompt, end, tokens, LIMIT)
            for tokens in (spelling.spelled(draft), ())
        )
    assert right in spelling.raw(refined.tokens)
    assert refined.tokens == greedy.tokens
    assert 2 * refined.passes <= greedy.passes + 2


def test_a_telephone_number_has_the_digits_that_were_said(starter):
    name = "BAC009S0150W0084"
    number = next(path for path in recordings("aishell-train", 10**6) if path.stem == name)
    found = starter.transcribe(load(number))
    assert found.text == "一三一零八三七三幺四八。"
    assert "".join(word.text for word in found.timed) == found.text


@pytest.mark.parametrize("corpus", ["aishell-dev", "speechocean762-dev"])
def test_words_are_where_they_were_said(starter, corpus):
    one, other = (load(path) for path in recordings(corpus, 5)[1:3])
    pause = np.zeros(SAMPLE_RATE, np.float32)
    found = starter.transcribe(np.concatenate([one, pause, other]))
    ends = len(one) / SAMPLE_RATE, (len(one) + len(pause) + len(other)) / SAMPLE_RATE
    assert len(found.timed) > 5
    assert all(0.0 <= word.start < word.end <= ends[1] + 0.05 for word in found.timed)
    assert all(a.start <= b.start and a.end <= b.end for a, b in pairwise(found.timed))
    at = 0
    for word in found.timed:
        at = found.text.index(word.text, at) + len(word.text)
    # Nobody speaks in the pause, and nobody is silent for so long anywhere else.
    gaps = [(b.start - a.end, a.end, b.start) for a, b in pairwise(found.timed)]
    longest, before, after = max(gaps)
    assert longest > 0.8
    assert before <= ends[0] + 0.2
    assert after >= ends[0] + 0.8
    assert all(0.0 <= word.confidence <= 1.0 for word in found.timed)
