"""What reads files from elsewhere, each with whole files to damage; what needs torch is apart."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tokenizers
from tokenizers import decoders, models, pre_tokenizers

from dictation.audio.files import read_audio
from dictation.config import hot_words_file, load_settings
from dictation.text.hot_words import read_hot_words
from dictation.text.tokenizer import CtcTokenizer, DecoderTokenizer, build_ctc_tokenizer
from dictation.text.wenet import WenetOptions, WenetTokenizer
from dictation.training.manifest import read_manifest
from tests.audio.media import encode, tone, write_wav

ROOT = Path(__file__).parents[2]
TEXT = "这个 API 的 response code 是 404"
LATIN = ["the response code is not found", "please review my pull request", "API URL HTTP"]
CHINESE = "这个的是四零今天我们讨论"


@dataclass(frozen=True)
class Target:
    """`write` makes folders of whole files; `read` uses such a folder, of which one is damaged."""

    write: Callable[[Path], None]
    read: Callable[[Path], object]


def decoder_tokens() -> str:
    """Return the definition of a small tokenizer of the starter's kind."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: index for index, letter in enumerate(letters)} | {"th": len(letters)}
    tokenizer = tokenizers.Tokenizer(models.BPE(vocabulary, [("t", "h")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    names = "endoftext startoftranscript zh en transcribe notimestamps"
    tokenizer.add_special_tokens([f"<|{name}|>" for name in names.split()])
    return tokenizer.to_str()


def _write_tokenizer(place: Path) -> None:
    learned = build_ctc_tokenizer(CHINESE, LATIN, 68)
    for name in ("ours", "theirs"):
        (place / name).mkdir(parents=True)
    learned.save(place / "ours")
    (place / "ours" / "decoder_tokens.json").write_text(decoder_tokens())
    WenetTokenizer([*"abc", *learned.units], learned.pieces).save(place / "theirs")


def _read_tokenizer(folder: Path) -> object:
    if (folder / "decoder_tokens.json").exists():
        ours = CtcTokenizer.load(folder)
        decoder = DecoderTokenizer.load(folder / "decoder_tokens.json")
        ids = decoder.encode(TEXT)
        return ours.decode(ours.encode(TEXT)), decoder.decode(ids), decoder.prompt("mix")
    theirs = WenetTokenizer.load(folder, WenetOptions(tags=("[LAUGH]",)), pieces=True)
    return theirs.decode(theirs.encode(TEXT)), theirs.transcript(theirs.encode(TEXT))


def _write_words(place: Path) -> None:
    place.mkdir()
    text = "# names\nKubernetes\n张三丰\t5.5\n库伯 -> Kubernetes\nPyTorch\t0.5\n"
    (place / "words.txt").write_text(text, encoding="utf-8")


def _write_config(place: Path) -> None:
    place.mkdir()
    shutil.copy(ROOT / "config.toml", place / "config.toml")


def _write_manifest(place: Path) -> None:
    place.mkdir()
    lines = [
        {"audio": "a.wav", "text": "今天 hello", "written": "今天 hello。", "lang": "mix",
         "speaker": "s1", "duration": 2.5},
        {"audio": "b/c.flac", "text": None, "lang": "noise", "duration": 10},
        {"audio": "d.wav", "text": "yes", "lang": "en", "duration": 0.25},
    ]  # fmt: skip
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    (place / "manifest.jsonl").write_text(text, encoding="utf-8")


def _write_audio(place: Path) -> None:
    place.mkdir()
    sound = tone(0.4, 16_000)
    stereo = np.stack([sound, sound], axis=1)
    for kind in ("PCM_U8", "PCM_16", "FLOAT"):
        write_wav(place / f"{kind}.wav", stereo if kind == "FLOAT" else sound, 16_000, kind)
    for name, codec, rate in (
        ("a.mp3", "mp3", 16_000), ("a.m4a", "aac", 16_000), ("a.ogg", "libopus", 48_000),
        ("a.flac", "flac", 16_000), ("a.webm", "libopus", 48_000),
    ):  # fmt: skip
        encode(place / name, codec, rate, sound)
    encode(place / "film.mp4", "aac", 44_100, stereo, picture=True)


def _read_settings(file: Path) -> object:
    settings = load_settings(file)
    return hot_words_file(settings.recognition)


TARGETS = {
    "tokenizer": Target(_write_tokenizer, _read_tokenizer),
    "words": Target(_write_words, read_hot_words),
    "config": Target(_write_config, _read_settings),
    "manifest": Target(_write_manifest, read_manifest),
    "audio": Target(_write_audio, lambda file: sum(len(block) for block in read_audio(file))),
}
