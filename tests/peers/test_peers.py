"""The bench beside other recognisers counts waiting as a user would feel it."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from dictation.training.manifest import Utterance
from tests.peers.__main__ import assess
from tests.peers.engines import Clock, Heard, chunks


def test_work_waits_for_its_sound_and_for_the_work_before_it():
    clock = Clock()
    clock.work(1.0, 0.25)
    assert clock.now == 1.25
    clock.work(2.0, 2.0)
    clock.work(3.0, 0.5)  # its sound was there long ago
    assert clock.now == 4.5


def test_chunks_are_there_when_their_last_sample_is():
    pieces = list(chunks(np.zeros(12_000, np.float32)))
    assert [end for end, _ in pieces] == pytest.approx([0.32, 0.64, 0.75])
    assert sum(len(piece) for _, piece in pieces) == 12_000


class Traditional:
    """An engine that writes what was said, in the other script."""

    def hear(self, samples):
        return Heard("我們討論這個問題。", None, 1.0, 0.5)


def test_the_other_chinese_script_is_no_error(tmp_path: Path):
    soundfile.write(tmp_path / "a.wav", np.zeros(16_000, np.float32), 16_000)
    said = "我们讨论这个问题"
    utterance = Utterance(tmp_path / "a.wav", said, said, "zh", None, 1.0)
    assert assess("faster-whisper", Traditional(), "set", [utterance]).text == 0.0
