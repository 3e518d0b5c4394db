"""Give a decoder back the commonest English words that its vocabulary was cut by.

The starter's vocabulary was cut to what its training texts use, so that two English words in five
had to be written in pieces it had never learned to write them in. WHISPER is a folder with
Whisper-base's tokenizer.json and weights; MANIFEST... name recordings that the model was trained
on.
"""

import random
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor

from dictation.checkpoints.own import Checkpoint, load_checkpoint, save_checkpoint
from dictation.checkpoints.regaining import Places, held_back, with_words
from dictation.language_model.ngrams import NgramModel
from dictation.recognition.results import SILENCE
from dictation.training.data import load_samples
from dictation.training.manifest import Utterance, read_manifest


def main(
    model: Path,
    whisper: Path,
    out: Path,
    manifest: list[Path],
    words: Annotated[int, typer.Option(help="The commonest of its n-grams.")] = 65_536,
    recordings: Annotated[int, typer.Option(help="Drawn from each manifest.")] = 200,
) -> None:
    """Write OUT, in half precision, from MODEL."""
    checkpoint = load_checkpoint(model)
    drawn: list[Utterance] = []
    for path in manifest:
        found = read_manifest(path)
        drawn += random.Random(1).sample(found, min(recordings, len(found)))
    before = checkpoint.decoder_tokenizer
    larger = with_words(checkpoint, whisper, commonest(checkpoint.ngrams["en"], words))
    assert before is not None
    places = _places(larger, drawn)
    save_checkpoint(held_back(larger, before, places), out, torch.float16)
    counts = (len(each) for each in (larger.decoder_tokenizer or (), before))
    print("{}: {} tokens, {} before; {} places looked at".format(out, *counts, len(places.right)))


def commonest(ngrams: NgramModel, count: int) -> list[str]:
    """Return the words that are likeliest by themselves, without marks of sentences."""
    words = bytes(ngrams.tensors["words"].tolist()).decode().split("\n")
    order = ngrams.tensors["unigrams"].argsort(descending=True).tolist()
    return [words[index] for index in order if not words[index].startswith("<")][:count]


def _places(checkpoint: Checkpoint, utterances: list[Utterance]) -> Places:
    """Return where the decoder is when it is told the texts of recordings."""
    model, tokens = checkpoint.model.eval(), checkpoint.decoder_tokenizer
    assert model.decoder is not None
    assert tokens is not None
    states: list[Tensor] = []
    right: list[int] = []
    for utterance in utterances:
        samples = torch.from_numpy(load_samples(utterance.audio))
        prompt = tokens.prompt(utterance.language or "en")
        written = tokens.encode(_as_written(utterance))
        if len(prompt) + len(written) > model.decoder.config.max_tokens:
            continue
        with torch.inference_mode():
            frames = model.features(torch.cat([samples, torch.zeros(SILENCE)]))[None]
            memory = model.encoder(frames, torch.tensor([frames.size(1)])).memory
            after = model.decoder(torch.tensor([[*prompt, *written]]), memory, None)[0]
        states.append(after[len(prompt) - 1 :])
        right += [*written, tokens.end]
    return Places(torch.cat(states), torch.tensor(right))


def _as_written(utterance: Utterance) -> str:
    return utterance.written if utterance.language == "zh" else f" {utterance.written}"


if __name__ == "__main__":
    typer.run(main)
