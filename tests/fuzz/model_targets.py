"""Model folders to damage, and the recogniser that opens them and hears half a second."""

from pathlib import Path

import numpy as np
import torch

from dictation.checkpoints.own import Checkpoint, save_checkpoint
from dictation.recognizer import Recognizer
from dictation.text.tokenizer import DecoderTokenizer, build_ctc_tokenizer
from tests import wenet_folder
from tests.fuzz.targets import CHINESE, LATIN, Target, decoder_tokens
from tests.models import tiny_config, tiny_model

_SOUND = np.random.default_rng(1).normal(0, 0.1, 8000).astype(np.float32)


def _recognize(folder: Path) -> object:
    recognizer = Recognizer.load(folder, device="cpu", precision="fp32", threads=1)
    stream = recognizer.stream(chunk_ms=320)
    stream.accept(_SOUND)
    return stream.finish()


def _write_wenet(place: Path) -> None:
    wenet_folder.write(place / "characters", wenet_folder.settings())
    values = wenet_folder.settings()
    values |= {"tokenizer": "bpe"}
    values["tokenizer_conf"] |= {"non_lang_syms_path": "/data/tags.txt"}
    folder = wenet_folder.write(place / "pieces", values)
    (folder / "bpe.model").write_bytes(build_ctc_tokenizer("", LATIN, 68).pieces)
    (folder / "tags.txt").write_text("<NOISE>\n[LAUGH]\n")
    theirs = wenet_folder.weights(wenet_folder.settings())
    bare = {name: value for name, value in theirs.items() if "global_cmvn" not in name}
    wenet_folder.write(place / "statistics", wenet_folder.settings(), bare)


def _write_own(place: Path) -> None:
    learned = build_ctc_tokenizer(CHINESE, LATIN, 68)
    bare = Checkpoint("tiny", tiny_model(tiny_config(len(learned))), learned)
    save_checkpoint(bare, place / "bare", torch.float32)
    decoder = DecoderTokenizer(decoder_tokens())
    config = tiny_config(len(learned), decoder=len(decoder))
    whole = Checkpoint("whole", tiny_model(config), learned, decoder)
    save_checkpoint(whole, place / "whole", torch.float16)


MODEL_TARGETS = {
    "wenet": Target(_write_wenet, _recognize),
    "own": Target(_write_own, _recognize),
}
