"""Write a model of the starter's shape with Whisper's own weights wherever Whisper has them.

What Whisper has not stays as in MODEL, but for the projections that close the convolution modules,
which become zero: with full context its memory is what Whisper's encoder computes. Models are
averaged with it (`dictation models average`) to bring back what training made them forget.
"""

from pathlib import Path

import torch
import typer

from dictation.checkpoints.own import load_checkpoint, save_checkpoint
from dictation.checkpoints.whisper import start_from_whisper
from dictation.text.tokenizer import DecoderTokenizer

_OURS = ("encoder.upper", "encoder.pairing", "ctc.", "language.")


def main(model: Path, whisper: Path, out: Path) -> None:
    """Write OUT from MODEL and from WHISPER, a folder with tokenizer.json and the weights."""
    checkpoint = load_checkpoint(model)
    assert checkpoint.decoder_tokenizer is not None
    theirs = DecoderTokenizer.load(whisper / "tokenizer.json").ids
    rows = [theirs[token] for token in checkpoint.decoder_tokenizer.ids]
    weights = checkpoint.model.state_dict()
    kept = {name: weights[name].clone() for name in weights if name.startswith(_OURS)}
    start_from_whisper(checkpoint.model, whisper, rows)
    checkpoint.model.load_state_dict(kept, strict=False)
    save_checkpoint(checkpoint, out, torch.float16)


if __name__ == "__main__":
    typer.run(main)
