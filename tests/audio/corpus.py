"""Real recordings for the tests of this room, where a machine has them.

`DICTATION_SPEECH` names a folder of sets (each a folder of recordings); without it, the folder
`shared/speech` beside the checkout is looked for.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dictation.audio.files import read_audio

_BESIDE_CHECKOUT = Path(__file__).resolve().parents[3] / "shared" / "speech"


def recordings(pattern: str, count: int) -> list[Path]:
    """Up to `count` recordings of the sets that match, evenly spread; skips when there are none."""
    folder = Path(os.environ.get("DICTATION_SPEECH", _BESIDE_CHECKOUT))
    found = sorted(folder.glob(f"{pattern}/**/*.opus"))
    if not found:
        pytest.skip(f"no recordings {pattern!r} in {folder} (set DICTATION_SPEECH)")
    step = max(1, len(found) // count)
    return found[::step][:count]


def load(path: Path) -> NDArray[np.float32]:
    return np.concatenate(list(read_audio(path)))
