"""Make clips in which rare names are said, to measure what listing them changes.

`dictation evaluate --manifest OUT/manifest.jsonl --hot-words OUT/words.txt` then measures it. Who
speaks are the voices that are kept for tests. Kokoro's base voices are in the npm package
kokoro-js (Apache-2.0), in the folder voices.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr
import typer

from dictation.training.casting import Speaker, cast_for
from dictation.training.phonemes import Phonemizer
from dictation.training.synthesis import SAMPLE_RATE, trim
from dictation.training.texts import Language
from dictation.training.voices import KOKORO_RATE, Kokoro, assemble_kokoro, read_voices

Text = tuple[str, Language]

_MANDARIN = ("薛宝瑜", "邬嘉禾", "沈知衍", "翟予安", "裴照野", "蔺晨曦", "司徒岚", "缪子涵",
             "青崖巷", "栖云阁", "鹿鸣书屋", "澜沧路", "砚池中学")  # fmt: skip
_ENGLISH = ("Grafana", "Zulip", "Jitsi", "Okular", "Podman", "Ceph", "Nagios", "Fedora",
            "Mercurial", "Inkscape", "Ardour", "Kodi", "Lilypond", "Redis")  # fmt: skip
_WITH: dict[Language, tuple[str, ...]] = {
    "zh": ("请把合同发给{}。", "我昨天在{}等了很久。", "{}的电话号码是多少？",
           "他说明天要去{}看看。"),
    "mix": ("你帮我把{}升级到最新版。", "这台服务器上没有装{}。", "我用{}做了一张图给客户看。"),
    "en": ("We moved the whole project to {} last week.", "Does {} start when I log in?",
           "I wrote a short guide to {} for the team."),
}  # fmt: skip
_WITHOUT: tuple[Text, ...] = (
    ("请把昨天的会议记录发给大家。", "zh"), ("我们下周三再讨论这件事。", "zh"),
    ("他的电话一直没有人接。", "zh"), ("这条路晚上不太安全。", "zh"),
    ("学校门口新开了一家书店。", "zh"), ("明天早上八点在门口集合。", "zh"),
    ("你帮我把这个 bug 记下来。", "mix"), ("服务器的 log 里什么都没有。", "mix"),
    ("下午我们 review 一下这段代码。", "mix"), ("这个 API 的文档写得很清楚。", "mix"),
    ("客户要的 demo 今天能做完吗？", "mix"), ("把测试的结果发到 channel 里。", "mix"),
    ("The report has to be ready by Friday.", "en"), ("Can you send me the pictures again?", "en"),
    ("I would rather take the early train.", "en"), ("The window in the kitchen is open.", "en"),
    ("We need more time to test the new version.", "en"), ("She reads the news every day.", "en"),
    ("Please turn the music down a little.", "en"), ("The meeting is in the large room.", "en"),
)  # fmt: skip


def main(voices: Path, out: Path, cache: Path = Path("cache"), seed: int = 1) -> None:
    """Write OUT/manifest.jsonl, its clips and OUT/words.txt with base voices of folder VOICES."""
    rng = random.Random(seed)
    base = read_voices(voices)
    kokoro, phonemize = Kokoro(assemble_kokoro(cache), base), Phonemizer()
    cast = cast_for("dev", seed, base)
    out.mkdir(parents=True, exist_ok=True)
    (out / "words.txt").write_text("\n".join((*_MANDARIN, *_ENGLISH)) + "\n", encoding="utf-8")
    with (out / "manifest.jsonl").open("w", encoding="utf-8") as manifest:
        for number, (text, language) in enumerate((*_named(rng), *_WITHOUT)):
            speaker = rng.choice(cast.speakers[language])
            samples = _spoken(kokoro, phonemize(text), speaker)
            name = f"{number:02}.flac"
            soundfile.write(out / name, samples, SAMPLE_RATE)
            line = {"audio": name, "text": text, "lang": language, "speaker": speaker.name,
                    "duration": round(len(samples) / SAMPLE_RATE, 3)}  # fmt: skip
            manifest.write(json.dumps(line, ensure_ascii=False) + "\n")


def _named(rng: random.Random) -> Iterator[Text]:
    """Say every name in its own language or in a mixed sentence, 40 in all."""
    again = [*rng.sample(_MANDARIN, 6), *rng.sample(_ENGLISH, 7)]
    for number, name in enumerate((*_MANDARIN, *_ENGLISH, *again)):
        language: Language = "zh" if name in _MANDARIN else "en" if number % 2 else "mix"
        yield rng.choice(_WITH[language]).format(name), language


def _spoken(kokoro: Kokoro, phonemes: str, speaker: Speaker) -> np.ndarray:
    audio = kokoro.speak(phonemes, speaker, 1.0)
    voice = trim(soxr.resample(audio, KOKORO_RATE, SAMPLE_RATE))
    silence = np.zeros(SAMPLE_RATE // 5, np.float32)
    return np.concatenate([silence, voice, silence])


if __name__ == "__main__":
    typer.run(main)
