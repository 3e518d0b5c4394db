"""What the bench listens to."""

import numpy as np
import pytest

from dictation.audio.files import read_audio
from dictation.bench.sounds import write_silence
from dictation.training.assessment import read_recordings


def test_silence_is_a_set_in_which_nobody_speaks_of_quiet_rooms_and_of_nothing(tmp_path):
    silence = read_recordings(write_silence(tmp_path, 20.0))
    assert silence.name == "silence"
    assert [each.language for each in silence.utterances] == [None, None]
    room, nothing = (np.concatenate(list(read_audio(e.audio))) for e in silence.utterances)
    assert len(room) == len(nothing) == 10 * 16_000
    assert 20 * np.log10(room.std()) == pytest.approx(-60, abs=0.5)
    assert not nothing.any()
