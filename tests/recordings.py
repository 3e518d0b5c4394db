"""The recordings that come with Dictation, with what is said in them."""

import json
from dataclasses import dataclass
from pathlib import Path

from dictation.assets import samples_folder


@dataclass(frozen=True)
class Recording:
    """A bundled recording and the text somebody would write for it."""

    path: Path
    written: str
    language: str

    @property
    def name(self) -> str:
        return self.path.stem


def recordings() -> dict[str, Recording]:
    folder = samples_folder()
    entries = json.loads((folder / "samples.json").read_text(encoding="utf-8"))
    found = [Recording(folder / each["audio"], each["written"], each["lang"]) for each in entries]
    return {recording.name: recording for recording in found}
