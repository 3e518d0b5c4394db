import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dictation.audio.ring import RingBuffer


@given(
    capacity=st.integers(1, 50),
    blocks=st.lists(st.integers(0, 80), max_size=12),
    count=st.integers(-1, 120),
)
def test_latest_is_the_end_of_everything_written(capacity, blocks, count):
    ring = RingBuffer(capacity)
    everything = np.arange(sum(blocks), dtype=np.float32)
    start = 0
    for length in blocks:
        ring.write(everything[start : start + length])
        start += length
    kept = min(capacity, len(everything))
    assert len(ring) == kept
    wanted = min(max(count, 0), kept)
    assert ring.latest(count).tolist() == everything[len(everything) - wanted :].tolist()


def test_what_was_read_does_not_change_when_more_is_written():
    ring = RingBuffer(4)
    ring.write(np.array([1, 2, 3, 4], dtype=np.float32))
    before = ring.latest(4)
    ring.write(np.array([9, 9], dtype=np.float32))
    assert before.tolist() == [1, 2, 3, 4]


def test_clearing_forgets_the_sound():
    ring = RingBuffer(4)
    ring.write(np.ones(6, dtype=np.float32))
    ring.clear()
    assert len(ring) == 0
    assert ring.latest(4).tolist() == []


def test_a_ring_holds_at_least_one_sample():
    with pytest.raises(ValueError, match="at least 1"):
        RingBuffer(0)
