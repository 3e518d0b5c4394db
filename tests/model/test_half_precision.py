"""Weights in half precision, features in float32: every way through the model still works."""

import numpy as np
import pytest
import torch

from dictation.checkpoints.own import Checkpoint
from dictation.model.placement import Placement
from dictation.recognizer import Recognizer
from dictation.text.tokenizer import build_ctc_tokenizer
from tests.models import CHINESE, LATIN, tiny_config, tiny_model

SAMPLES = np.random.default_rng(1).normal(0, 0.1, 32_000).astype(np.float32)


@pytest.mark.parametrize("whisper", [True, False], ids=["whisper stem", "wenet stem"])
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_stream_and_a_whole_utterance_are_recognised(whisper, precision):
    tokenizer = build_ctc_tokenizer(CHINESE, LATIN, 68)
    model = tiny_model(tiny_config(len(tokenizer), whisper=whisper))
    recognizer = Recognizer(Checkpoint("tiny", model, tokenizer), Placement("cpu", precision))
    stream = recognizer.stream(chunk_ms=320)
    partials = [stream.accept(part) for part in np.split(SAMPLES, 20)]
    assert sum(partial is not None for partial in partials) >= 5
    assert stream.finish().language == recognizer.transcribe(SAMPLES).language
    types = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    assert model.ctc.weight.dtype == types[precision]
