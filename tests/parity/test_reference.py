"""The plain reference that other tests compare with gives WeNet's own numbers."""

import torch
import yaml

from tests.parity.cases import assert_near, each_utterance
from tests.parity.test_encoder import ENCODER, normalised
from tests.wenet_reference import encode


@each_utterance
@torch.inference_mode()
def test_encoder_states(utterance):
    folder = utterance.case.folder
    values = yaml.safe_load((folder / "train.yaml").read_text(encoding="utf-8"))
    weights = torch.load(folder / "final.pt", weights_only=True)
    features = normalised(utterance)
    assert_near(encode(values, weights, features), utterance.tensor("encoder_full"), ENCODER)
    for mode in utterance.modes("encoder_mask"):
        found = encode(values, weights, features, mode.chunk_size, mode.left_context)
        assert_near(found, utterance.tensor(f"encoder_mask_{mode}"), ENCODER)
