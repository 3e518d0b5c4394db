"""Who speaks in the synthetic corpus: mixtures of Kokoro's base voices, by language and split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dictation.training.texts import LANGUAGES, Language, Split

TRAIN_VOICES = ("jm_kumo", "jf_alpha", "jf_nezumi", "jf_tebukuro")
DEV_VOICE = "jf_gongitsune"
CLEAR_VOICE = "jm_kumo"
"""Of the Japanese voices the one whose mixed sentences are understood best: it leads them."""

KEPT_VOICES = frozenset(
    {DEV_VOICE, "zf_xiaoxiao", "zm_yunxia", "af_bella", "am_puck", "bf_lily", "bm_fable"}
)
"""The voices that speak in development sets only."""

_UNCLEAR = frozenset({"zf_xiaoni", "af_nicole", "am_santa"})
"""Swallows its tones, whispers, plays a part: none of them leads a mixture."""

_LEAST = {"zh": 0.55, "en": 0.55, "mix": 0.75}
"""What the leading voice weighs at least: English voices take the Mandarin out of mixed speech."""


@dataclass(frozen=True)
class Speaker:
    """A voice: weights of Kokoro's base voices, and a shift of pitch and formants (1 = none)."""

    name: str
    weights: dict[str, float]
    shift: float = 1.0


@dataclass(frozen=True)
class Cast:
    """The speakers of each language; mixed sentences are left to `clear` ones nine times in ten."""

    speakers: Mapping[Language, tuple[Speaker, ...]]
    clear: tuple[Speaker, ...]


def cast_for(split: Split, seed: int, voices: Iterable[str] = ()) -> Cast:
    """Choose the speakers of a split from the seed alone.

    `voices`: names of base voices besides Kokoro's five Japanese ones, as its authors give them
    (the first letter names the language: a and b English, z Mandarin); where the split has Mandarin
    ones, speakers of each language are led by voices of its own. No voice of a development set
    speaks in training.
    """
    kept = split == "dev"
    named = sorted({*voices, CLEAR_VOICE, DEV_VOICE})
    own = [name for name in named if (name in KEPT_VOICES) == kept]
    leads = [name for name in own if name not in _UNCLEAR]
    mandarin = [name for name in leads if name.startswith("z")]
    if not mandarin:
        everyone = dev_speakers(seed) if kept else train_speakers(seed)
        return Cast(dict.fromkeys(LANGUAGES, everyone), tuple(filter(is_clear, everyone)))
    leading: dict[Language, list[str]] = {
        "zh": mandarin,
        "en": [name for name in leads if name[0] in "ab"] or mandarin,
        "mix": [*mandarin, *([] if kept else [CLEAR_VOICE])],
    }
    speakers = {
        lang: _mixtures(lang, split, seed, leading[lang], own, 24 if kept else 200)
        for lang in LANGUAGES
    }
    return Cast(speakers, speakers["mix"])


def _mixtures(
    lang: Language, split: Split, seed: int, leads: Sequence[str], names: Sequence[str], count: int
) -> tuple[Speaker, ...]:
    """Draw speakers led by one voice each, with a few others in them."""
    rng = np.random.default_rng([seed, LANGUAGES.index(lang), split == "dev"])
    drawn = []
    for index in range(count):
        lead = leads[index % len(leads)]
        others = [name for name in names if name != lead]
        share = float(rng.uniform(_LEAST[lang], 1.0))
        # Few voices at a time: the mean of many is always the same one.
        rest = rng.dirichlet([0.1] * len(others)) * (1.0 - share)
        weights = {
            name: float(part) for name, part in zip(others, rest, strict=True) if part > 0.01
        }
        weights[lead] = 1.0 - sum(weights.values())
        shift = float(np.clip(rng.normal(1.0, 0.05), 0.9, 1.14))
        drawn.append(Speaker(f"kokoro-{split}-{lang}-{index:03d}", weights, shift))
    return tuple(drawn)


def train_speakers(seed: int, count: int = 200) -> tuple[Speaker, ...]:
    """Draw the training speakers: every other one is led by the clear voice."""
    rng = np.random.default_rng([seed, 1])
    others = [name for name in TRAIN_VOICES if name != CLEAR_VOICE]
    speakers = []
    for index in range(count):
        if index % 2 == 0:
            lead = rng.uniform(0.62, 0.98)
            rest = (1 - lead) * rng.dirichlet([0.6] * len(others))
            weights = {CLEAR_VOICE: float(lead), **dict(zip(others, map(float, rest), strict=True))}
        else:
            drawn = rng.dirichlet([0.7] * len(TRAIN_VOICES))
            weights = dict(zip(TRAIN_VOICES, map(float, drawn), strict=True))
        shift = float(np.clip(rng.normal(1.0 + 0.05 * (index % 4 == 0), 0.05), 0.9, 1.16))
        speakers.append(Speaker(f"kokoro-{index:03d}", weights, shift))
    return tuple(speakers)


def dev_speakers(seed: int, count: int = 24) -> tuple[Speaker, ...]:
    """Draw the development speakers, led by a base voice that training never uses."""
    rng = np.random.default_rng([seed, 2])
    speakers = [Speaker("kokoro-dev-000", {DEV_VOICE: 1.0})]
    for index in range(1, count):
        lead = rng.uniform(0.6, 0.9)
        rest = (1 - lead) * rng.dirichlet([1.5, 0.5, 0.5, 0.5])
        weights = {DEV_VOICE: float(lead), **dict(zip(TRAIN_VOICES, map(float, rest), strict=True))}
        shift = float(np.clip(rng.normal(1.0, 0.04), 0.92, 1.1))
        speakers.append(Speaker(f"kokoro-dev-{index:03d}", weights, shift))
    return tuple(speakers)


def is_clear(speaker: Speaker) -> bool:
    """Tell whether a speaker is led by a voice that handles mixed sentences well."""
    return speaker.weights.get(CLEAR_VOICE, 0) >= 0.6 or DEV_VOICE in speaker.weights
