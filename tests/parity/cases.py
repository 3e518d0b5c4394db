"""The numbers WeNet's own code gave for small models, where there are any.

`WENET_PARITY` names a folder of cases, by default `shared/parity` beside the checkout; every folder
in it with a `case.json` is one. Tests that find none are skipped.
"""

import json
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dictation.audio.files import read_audio
from dictation.checkpoints.own import Checkpoint
from dictation.checkpoints.wenet import load_wenet

ROOT = Path(os.environ.get("WENET_PARITY", Path(__file__).parents[3] / "shared" / "parity"))
_MODE = re.compile(r"(?P<name>.*)_c(?P<chunk>\d+)_l(?P<left>-?\d+)")


@dataclass(frozen=True)
class Mode:
    """A chunk size and how many chunks before it are seen (-1: all)."""

    chunk_size: int
    left_context: int

    def __str__(self) -> str:
        return f"c{self.chunk_size}_l{self.left_context}"


@dataclass(frozen=True)
class Case:
    """A WeNet model folder with what WeNet computed."""

    folder: Path

    @property
    def values(self) -> dict[str, Any]:
        return json.loads((self.folder / "case.json").read_text(encoding="utf-8"))

    @property
    def checkpoint(self) -> Checkpoint:
        return _checkpoint(self.folder)

    @property
    def utterances(self) -> "list[Utterance]":
        return [Utterance(self, name) for name in self.values["utts"]]

    @property
    def batch(self) -> "Utterance":
        """The arrays of all recordings together."""
        return Utterance(self, "batch")


@dataclass(frozen=True)
class Utterance:
    """One recording of a case: arrays in `.arrays`, results in `.results`."""

    case: Case
    name: str

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return _arrays(self.case.folder / f"{self.name}.npz")

    @property
    def results(self) -> dict[str, Any]:
        return json.loads((self.case.folder / f"{self.name}.json").read_text(encoding="utf-8"))

    @property
    def samples(self) -> torch.Tensor:
        blocks = list(read_audio(self.case.folder / f"{self.name}.wav"))
        return torch.from_numpy(np.concatenate(blocks))

    def tensor(self, name: str) -> torch.Tensor:
        return torch.from_numpy(self.arrays[name])

    def modes(self, kind: str) -> list[Mode]:
        """The modes of which there is an array `kind_cC_lL`."""
        found = (_MODE.fullmatch(name) for name in self.arrays)
        return [
            Mode(int(match["chunk"]), int(match["left"]))
            for match in found
            if match is not None and match["name"] == kind
        ]


@cache
def _checkpoint(folder: Path) -> Checkpoint:
    return load_wenet(folder)


@cache
def _arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as arrays:
        return dict(arrays)


CASES = [Case(path.parent) for path in sorted(ROOT.glob("*/case.json"))]
UTTERANCES = [utterance for case in CASES for utterance in case.utterances]

WITH_BATCH = [case for case in CASES if (case.folder / "batch.npz").exists()]

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.folder.name)
each_batch = pytest.mark.parametrize("case", WITH_BATCH, ids=lambda case: case.folder.name)
each_utterance = pytest.mark.parametrize(
    "utterance", UTTERANCES, ids=lambda each: f"{each.case.folder.name}-{each.name}"
)


def assert_near(ours: torch.Tensor, theirs: torch.Tensor, tolerance: float) -> None:
    """Compare shapes and every number."""
    assert ours.shape == theirs.shape
    if theirs.numel():
        assert float((ours - theirs).abs().max()) <= tolerance
