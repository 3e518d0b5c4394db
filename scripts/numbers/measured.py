"""What was measured, from its files, and what the sets of recordings are called."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dictation.bench.record import Record, read_record
from dictation.errors import DictationError

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Measured:
    """The files of a folder; what is not there is None, or no rows.

    `record`: numbers.json of `dictation bench all`; `recogniser`: recogniser.json of `dictation
    bench recogniser`; `soak`: soak.json of `python -m tests.endurance`; `peers`: peers.json of
    `python -m tests.peers`.
    """

    record: Record | None = None
    recogniser: Values | None = None
    soak: Values | None = None
    peers: Sequence[Values] = ()


def read_measured(folder: Path) -> Measured:
    """Read what is there. Raises DictationError."""
    record = folder / "numbers.json"
    return Measured(
        record=read_record(record) if record.is_file() else None,
        recogniser=_read(folder / "recogniser.json"),
        soak=_read(folder / "soak.json"),
        peers=_read(folder / "peers.json") or (),
    )


def _read(path: Path) -> Any:  # noqa: ANN401 - whatever JSON holds
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DictationError(f"{path} cannot be read: {error}") from error


SPOKEN = {"zh": "Mandarin", "en": "English", "mix": "mixed", "all": "all"}

_TITLES = {
    "aishell-dev": "AISHELL, sentences of one speaker",
    "seedlingo-dev": "Seedlingo, an unseen voice, clips of a second and longer",
    "speechocean762-dev": "speechocean762, unseen Mandarin-accented speakers",
    "libri-dev": "LibriSpeech, labels that two teachers agree on",
    "dev": "synthetic, unseen voice and patterns",
    "dev-voices": "synthetic native voices, unseen voices and sentences",
    "silence": "a quiet room (-60 dB), and no sound at all",
    "noise-blanket": "noise (Blanket; much of it is in training)",
    "noise-picovoice": "noise (Picovoice)",
    "music-hyperrogue": "music (HyperRogue; much of it is in training)",
    "all sets": "all of them",
}


def title(name: str) -> str:
    """What a set is, by the name of its manifest or of its folder."""
    return _TITLES.get(name, name)


def short_title(name: str) -> str:
    """The same in a word or two."""
    return title(name).partition(", ")[0]
