"""Models read from WeNet's folders compute what WeNet does, whatever they were made with."""

import pytest
import torch

from dictation.checkpoints.folders import load_folder
from tests.checkpoints.test_wenet import CHANGES, named_changes
from tests.wenet_folder import BINS, settings, weights, write
from tests.wenet_reference import decode, encode


def loaded(tmp_path, values):
    theirs = weights(values)
    return load_folder(write(tmp_path, values, theirs)).model, theirs


@pytest.mark.parametrize("changes", [{}, *CHANGES], ids=named_changes)
@pytest.mark.parametrize("chunks", [(None, -1), (3, 1)], ids=["full context", "chunks"])
@torch.inference_mode()
def test_encoder_states(tmp_path, changes, chunks):
    values = settings(**changes)
    model, theirs = loaded(tmp_path, values)
    features = torch.randn(90, BINS)
    found = model.encoder(features[None], torch.tensor([90]), *chunks).memory[0]
    expected = encode(values, theirs, features, *chunks)
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=0)


@pytest.mark.parametrize("kind", ["transformer", "bitransformer"])
@torch.inference_mode()
def test_decoder_logits(tmp_path, kind):
    values = settings() | {"decoder": kind}
    model, theirs = loaded(tmp_path, values)
    memory, tokens = torch.randn(20, 16), [14, 3, 4, 5, 9]
    sides = {"decoder.": model.decoder}
    if kind == "bitransformer":
        left, right = "decoder.left_decoder.", "decoder.right_decoder."
        sides = {left: model.decoder, right: model.reverse_decoder}
    for side, decoder in sides.items():
        found = decoder.logits(decoder(torch.tensor([tokens]), memory[None], None))[0]
        expected = decode(values, theirs, side, tokens, memory)
        torch.testing.assert_close(found, expected, atol=2e-5, rtol=1e-5)
