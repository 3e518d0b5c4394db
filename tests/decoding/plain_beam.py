"""Prefix beam search as a textbook has it: a dictionary of prefixes, one by one, plain and slow."""

from dataclasses import dataclass, field

import numpy as np
import torch

from dictation.decoding.context import ContextGraph
from dictation.decoding.prefix_beam import Hypothesis

NEVER = -np.inf
Prefix = tuple[int, ...]


@dataclass
class Entry:
    """Scores of a prefix; `peaks_*` are the frames of its likeliest alignment."""

    blank: float = NEVER
    token: float = NEVER
    blank_peak: float = NEVER
    token_peak: float = NEVER
    blank_peaks: list[int] = field(default_factory=list)
    token_peaks: list[int] = field(default_factory=list)
    set_here: bool = False

    @property
    def total(self) -> float:
        return float(np.logaddexp(self.blank, self.token))

    @property
    def peak(self) -> float:
        return max(self.blank_peak, self.token_peak)

    @property
    def peaks(self) -> list[int]:
        return self.blank_peaks if self.blank_peak > self.token_peak else self.token_peaks


def plain_prefix_beam_search(
    log_probs: torch.Tensor, beam: int, context: ContextGraph | None = None
) -> list[Hypothesis]:
    """Return what `prefix_beam_search` should."""
    values, tokens = torch.topk(log_probs, min(beam, log_probs.size(1)), dim=1)
    held: dict[Prefix, Entry] = {(): Entry(blank=0.0, blank_peak=0.0, token_peak=0.0)}
    for frame, row in enumerate(zip(values.double().tolist(), tokens.tolist(), strict=True)):
        found: dict[Prefix, Entry] = {}
        for value, token in zip(*row, strict=True):
            for prefix, entry in held.items():
                take(found, prefix, entry, token, value, frame)
        possible = {prefix: entry for prefix, entry in found.items() if entry.total > NEVER}
        ranked = sorted(
            possible,
            key=lambda prefix: possible[prefix].total + bonus(context, prefix)[0],
            reverse=True,
        )
        held = {prefix: possible[prefix] for prefix in ranked[:beam]}
    results = [
        Hypothesis(prefix, entry.total + closed(context, prefix), tuple(entry.peaks))
        for prefix, entry in held.items()
    ]
    quirks = context is None or context.wenet_quirks
    return results if quirks else sorted(results, key=lambda each: each.score, reverse=True)


def take(
    found: dict[Prefix, Entry], prefix: Prefix, entry: Entry, token: int, value: float, frame: int
) -> None:
    """Go on from a prefix with a token."""
    if token == 0:
        same = found.setdefault(prefix, Entry())
        same.blank = float(np.logaddexp(same.blank, entry.total + value))
        same.blank_peak = entry.peak + value
        same.blank_peaks = list(entry.peaks)
        return
    score, peak, peaks = entry.total, entry.peak, entry.peaks
    if prefix and token == prefix[-1]:
        same = found.setdefault(prefix, Entry())
        same.token = float(np.logaddexp(same.token, entry.token + value))
        if same.token_peak < entry.token_peak + value:
            same.token_peak = entry.token_peak + value
            if not same.set_here:
                same.token_peaks = [*entry.token_peaks[:-1], frame]
                same.set_here = True
        score, peak, peaks = entry.blank, entry.blank_peak, entry.blank_peaks
    longer = found.setdefault((*prefix, token), Entry())
    longer.token = float(np.logaddexp(longer.token, score + value))
    if longer.token_peak < peak + value:
        longer.token_peak = peak + value
        longer.token_peaks = [*peaks, frame]
        longer.set_here = True


def bonus(context: ContextGraph | None, prefix: Prefix) -> tuple[float, np.ndarray]:
    state, total = np.zeros(1, np.int64), 0.0
    if context is not None:
        for token in prefix:
            state, gained = context.step(state, np.array([token]))
            total += float(gained[0])
    return total, state


def closed(context: ContextGraph | None, prefix: Prefix) -> float:
    if context is None:
        return 0.0
    total, state = bonus(context, prefix)
    closing = float(context.closing(state)[0])
    return closing if context.wenet_quirks else total + closing
