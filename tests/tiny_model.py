"""A real model folder of a few kilobytes that hears one thing in everything: "好的"."""

from pathlib import Path

import torch

from dictation.checkpoints.own import Checkpoint, save_checkpoint
from dictation.model.config import BlockConfig, EncoderConfig, FeatureConfig, ModelConfig
from dictation.model.joint import JointModel
from dictation.text.tokenizer import CtcTokenizer, build_ctc_tokenizer

_LATIN = ["hello world this is a test of pieces and of nothing else"] * 20


def write_tiny_model(folder: Path) -> Path:
    """Write the folder: all weights of the CTC head are 0 but the bias of one token."""
    torch.manual_seed(0)
    learned = build_ctc_tokenizer("", _LATIN, 70)
    # One token of two characters, so that the collapsed path is a word.
    tokenizer = CtcTokenizer(["<blank>", "<unk>", "好的", *learned.units[2:]], learned.pieces)
    shape = {"width": 32, "heads": 2, "ffn_width": 32, "kernel_size": 3, "dropout": 0.0}
    lower = BlockConfig(**shape, position="absolute")
    upper = BlockConfig(**shape, position="none")
    config = ModelConfig(
        vocabulary=len(tokenizer),
        features=FeatureConfig(frontend="kaldi"),
        encoder=EncoderConfig(
            block=lower, subsampling="conv1d2", blocks=1, upper=upper, upper_blocks=1
        ),
    )
    model = JointModel(config)
    with torch.no_grad():
        model.ctc.weight.zero_()
        model.ctc.bias.zero_()
        model.ctc.bias[2] = 10.0
    save_checkpoint(Checkpoint("tiny", model, tokenizer), folder, torch.float32)
    return folder
