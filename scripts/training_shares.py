"""What a step of training spends its time on: `python -m scripts.training_shares --manifest M`.

One thread, in processor time for a second of sound: reading a recording, changing it, its features;
a step in which everything learns, one with the encoder at rest, and the forward pass of an encoder,
which is what a teacher adds.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from dictation.assets import model_folder
from dictation.checkpoints.own import load_checkpoint
from dictation.model.joint import JointModel
from dictation.training.augment import augment
from dictation.training.config import AugmentTable, LossTable
from dictation.training.data import Batch, collate, load_samples
from dictation.training.losses import joint_loss
from dictation.training.manifest import read_manifest

_CHUNK_SIZE, _ALL_LEFT = 16, -1
_Result = TypeVar("_Result")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m scripts.training_shares", description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="of speech with its texts")
    parser.add_argument("--model", default="starter")
    parser.add_argument("--utterances", type=int, default=8, help="of one batch")
    options = parser.parse_args()
    torch.set_num_threads(1)
    checkpoint = load_checkpoint(model_folder(options.model))
    model, rng = checkpoint.model.train(), np.random.default_rng(1)
    utterances = read_manifest(options.manifest)[: options.utterances]
    noise = rng.standard_normal(60 * 16_000).astype(np.float32)

    read, sounds = timed(lambda: [load_samples(each.audio) for each in utterances])
    changed, heard = timed(lambda: [augment(each, AugmentTable(), rng, noise) for each in sounds])
    made, frames = timed(lambda: [model.features(torch.from_numpy(each)) for each in heard])
    batch = collate(utterances, frames, checkpoint.tokenizer, checkpoint.decoder_tokenizer)
    everything, _ = timed(lambda: step(model, batch, LossTable()))
    with torch.no_grad():
        teacher, _ = timed(lambda: model.encoder(batch.features, batch.lengths))
    model.encoder.requires_grad_(False)
    decoder, _ = timed(lambda: step(model, batch, LossTable(ctc=0.0, language=0.0)))
    for what, spent in (
        ("reading", read),
        ("changing", changed),
        ("features", made),
        ("a step, everything learns", everything),
        ("a step, the encoder rests", decoder),
        ("the forward pass of an encoder", teacher),
    ):
        print(f"{1000 * spent / batch.seconds:7.1f} ms for a second of sound: {what}")


def step(model: JointModel, batch: Batch, weights: LossTable) -> None:
    """Compute a loss and its gradients."""
    model.zero_grad(set_to_none=True)
    loss = joint_loss(model, batch, weights, _CHUNK_SIZE, _ALL_LEFT).total
    loss.backward()  # type: ignore[no-untyped-call]


def timed(work: Callable[[], _Result]) -> tuple[float, _Result]:
    """Do some work once to warm up and once more; the seconds of processor time it took."""
    work()
    began = time.process_time()
    done = work()
    return time.process_time() - began, done


if __name__ == "__main__":
    main()
