"""When tokens were said, from the frames of their peaks."""

from collections.abc import Sequence
from itertools import pairwise


def token_spans(
    frames: Sequence[float], frame_seconds: float, duration: float, reach: float = 0.5
) -> list[tuple[float, float]]:
    """Return start and end of each token in seconds: half-way to the peaks before and after, no
    further than `reach` from its own, within 0..`duration` (as WeNet has it)."""
    peaks = [frame * frame_seconds for frame in frames]
    middles = [(one + following) / 2 for one, following in pairwise(peaks)]
    starts, ends = [0.0, *middles], [*middles, duration]
    return [
        (max(start, peak - reach), min(end, peak + reach))
        for start, peak, end in zip(starts, peaks, ends, strict=False)
    ]
