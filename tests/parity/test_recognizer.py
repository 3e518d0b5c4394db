"""A WeNet folder in the hands of a user: recordings in, WeNet's texts out."""

import pytest

from dictation.recognizer import Recognizer
from tests.parity.cases import each_utterance


@pytest.fixture
def recognizer(utterance):
    return Recognizer.load(utterance.case.folder, device="cpu", precision="fp32", threads=1)


@each_utterance
def test_captions_are_wenets_greedy_text(utterance, recognizer):
    decode = utterance.case.checkpoint.tokenizer.decode
    frame_ms = 10 * utterance.case.checkpoint.model.encoder.factor
    for mode in utterance.modes("ctc_logp_stream"):
        chunk_ms = frame_ms * mode.chunk_size
        left_ms = None if mode.left_context < 0 else mode.left_context * chunk_ms
        stream = recognizer.stream(chunk_ms=chunk_ms, left_ms=left_ms)
        for part in utterance.samples.split(1000):
            stream.accept(part.numpy())
        theirs = utterance.results[f"stream_{mode}"]["greedy"]
        assert stream.finish_first_pass() == decode(theirs)


@each_utterance
def test_a_whole_recording_is_rescored(utterance, recognizer):
    decode = utterance.case.checkpoint.tokenizer.decode
    found = recognizer.transcribe(utterance.samples.numpy())
    nbest = utterance.results["full"]["prefix_beam10"]["nbest"]
    assert found.words in [decode(tokens) for tokens in nbest]
    assert 0.0 <= found.confidence <= 1.0
