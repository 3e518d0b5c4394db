"""What ways to decide on the final text cost, and how calm captions are."""

import time
from collections.abc import Sequence

from dictation.bench.figures import Figure, spread
from dictation.bench.sounds import Samples
from dictation.decoding.second_pass import SecondPassSettings
from dictation.decoding.stabilizer import graphemes, rewritten
from dictation.recognizer import Recognizer

_CHUNK = 320 * 16
_WAYS = (
    ("search", "the decoder searching", SecondPassSettings("search")),
    ("refine", "the decoder checking CTC's draft", SecondPassSettings("refine")),
    ("greedy", "the decoder token by token", SecondPassSettings("refine", draft=False)),
    ("rescore", "rescoring CTC's hypotheses", SecondPassSettings("rescore")),
)


def time_decoding(
    recognizer: Recognizer, recordings: Sequence[Samples], repetitions: int
) -> list[Figure]:
    """Time each way over the recordings, in turn, and count what their captions take back."""
    times: dict[str, list[float]] = {name: [] for name, _, _ in _WAYS}
    passes: dict[str, list[int]] = {name: [] for name, _, _ in _WAYS}
    for _ in range(repetitions):
        for samples in recordings:
            for name, _, settings in _WAYS:
                recognizer.decide_by(settings)
                began = time.perf_counter()
                found = recognizer.transcribe(samples)
                times[name].append(1000 * (time.perf_counter() - began))
                passes[name].append(found.decoder_passes)
    recognizer.decide_by(SecondPassSettings())
    figures = [_caption_figure(recognizer, recordings)]
    for name, way, _ in _WAYS:
        what = f"final text of a whole recording, {way}"
        figures.append(Figure(f"final_{name}", "ms", what, spread(times[name])))
    for name, way, _ in _WAYS:
        mean = sum(passes[name]) / max(1, len(passes[name]))
        figures.append(
            Figure(f"passes_{name}", "passes", f"runs of the decoder for a final text, {way}", mean)
        )
    return figures


def _caption_figure(recognizer: Recognizer, recordings: Sequence[Samples]) -> Figure:
    shown = taken_back = 0
    for samples in recordings:
        before = ""
        stream = recognizer.stream()
        for start in range(0, len(samples), _CHUNK):
            partial = stream.accept(samples[start : start + _CHUNK])
            if partial is not None:
                taken_back += rewritten(before, partial.text)
                before = partial.text
        shown += len(graphemes(before))
    what = "graphemes of captions that were rewritten, for each one shown"
    return Figure("rewritten", "", what, taken_back / max(1, shown))
