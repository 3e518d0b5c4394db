"""The pictures of a record: waiting, cost, error rates; light, and readable at half their size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # before pyplot, which would look for a display

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from dictation.bench.figures import Figure, Spread
from dictation.bench.record import Record, SetRates
from scripts.numbers.markdown import number

BLUE, PALE, PALER, GREEN, ORANGE, INK, FAINT = (
    "#2f6fb4", "#a9c6e6", "#d3e2f2", "#3a9e6f", "#e08a2e", "#22303c", "#8b98a5",
)  # fmt: skip

LIVE = {
    "first_partial": "first caption after speech began",
    "word_caption": "a word in the captions\nafter it was spoken",
    "endpoint_wait": "silence until the end is decided",
    "final_live": "finished text from then on",
    "final_after_speech": "finished text after the end\nof speech, both together",
    "released": "finished text after the key\nwas let go",
    "delivery": "text into its window",
}
COMPUTE = {
    "chunk_320_ms": "320 ms of speech, captions",
    "chunk_640_ms": "640 ms of speech, captions",
    "final_2_s": "final text of 2 s",
    "final_5_s": "final text of 5 s",
    "final_10_s": "final text of 10 s",
}
FACTORS = {
    "rtf_stream_320_ms": "live, 320 ms chunks",
    "rtf_stream_640_ms": "live, 640 ms chunks",
    "rtf_whole": "whole recordings",
}
CPU = {
    "cpu_idle": "worker, idle",
    "cpu_quiet": "worker, quiet room",
    "daemon_cpu_idle": "whole daemon, idle",
    "daemon_cpu_listening": "whole daemon, listening",
}
MEMORY = {
    "memory_loaded": "worker, model ready",
    "memory_after": "worker, after dictating",
    "daemon_memory": "whole daemon",
}
START = {"load": "loading torch and the model", "ready": "process start until ready"}


@dataclass(frozen=True)
class _Bars:
    """A part of a picture: figures by name with what they are called there."""

    title: str
    unit: str
    labels: Mapping[str, str]


_PICTURES = {
    "latency": (
        _Bars("Live: what a user waits for", "ms", LIVE),
        _Bars("The model alone", "ms", COMPUTE),
    ),
    "cost": (
        _Bars("Computing for a second of sound", "s", FACTORS),
        _Bars("Processor", "% of one core", CPU),
        _Bars("Resident memory", "MB", MEMORY),
        _Bars("Start", "s", START),
    ),
}


def draw(
    record: Record,
    targets: Mapping[str, float],
    rates: Sequence[tuple[str, SetRates]],
    folder: Path,
) -> list[Path]:
    """Draw every group that was measured into `numbers-*.png` and say where."""
    drawn = []
    with plt.rc_context(_STYLE):
        for name, parts in _PICTURES.items():
            shown = [(part, _found(record, part)) for part in parts]
            shown = [(part, figures) for part, figures in shown if figures]
            if shown:
                drawn.append(_save(_bars(shown, targets), folder / f"numbers-{name}.png"))
        if rates:
            drawn.append(_save(_errors(rates), folder / "numbers-errors.png"))
    return drawn


_STYLE = {
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlesize": 12,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "font.size": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "ytick.left": False,
    "savefig.dpi": 150,
}


def _found(record: Record, part: _Bars) -> list[Figure]:
    figures = (record.figure(name) for name in part.labels)
    return [each for each in figures if each is not None and each.value is not None]


def _bars(shown: Sequence[tuple[_Bars, list[Figure]]], targets: Mapping[str, float]) -> Drawing:
    heights = [len(figures) + 1.5 for _, figures in shown]
    drawing, axes = plt.subplots(
        len(shown), 1, figsize=(9, 0.42 * sum(heights)), height_ratios=heights, squeeze=False
    )
    for (part, figures), axis in zip(shown, axes[:, 0], strict=True):
        _bar_part(axis, part, figures, targets)
    drawing.tight_layout(h_pad=1.6)
    return drawing


def _bar_part(
    axis: Axes, part: _Bars, figures: Sequence[Figure], targets: Mapping[str, float]
) -> None:
    furthest = 0.0
    spreads = marked = False
    for place, figure in enumerate(figures):
        value, end = _middle(figure), _late(figure)
        target = targets.get(figure.name)
        if end > value:
            axis.barh(place, end, height=0.62, color=PALE)
            spreads = True
        axis.barh(place, value, height=0.62, color=BLUE)
        if target is not None:
            axis.plot([target, target], [place - 0.42, place + 0.42], color=ORANGE, linewidth=2.5)
            marked = True
        told = number(value) if end == value else f"{number(value)} … {number(end)}"
        beyond = max(end, target or 0.0)
        axis.annotate(told, (beyond, place), xytext=(6, 0), textcoords="offset points", va="center")
        furthest = max(furthest, beyond)
    axis.set_yticks(range(len(figures)), [part.labels[figure.name] for figure in figures])
    axis.invert_yaxis()
    axis.set_xlim(0, 1.3 * furthest or 1.0)
    notes = (["median … 95th percentile"] if spreads else []) + (
        ["orange: the goal"] if marked else []
    )
    axis.set_title(f"{part.title}, {part.unit}")
    axis.set_title("; ".join(notes), loc="right", fontsize=9.5, fontweight="normal", color=FAINT)


def _middle(figure: Figure) -> float:
    return figure.value.p50 if isinstance(figure.value, Spread) else figure.value or 0.0


def _late(figure: Figure) -> float:
    return figure.value.p95 if isinstance(figure.value, Spread) else figure.value or 0.0


def _errors(rates: Sequence[tuple[str, SetRates]]) -> Drawing:
    drawing, axis = plt.subplots(figsize=(9, 1.1 + 1.05 * len(rates)))
    chunks_ms = sorted({chunk_ms for _, row in rates for chunk_ms in row.captions})
    shades = dict(zip(reversed(chunks_ms), (PALE, PALER), strict=False))
    captions = [(f"captions, {chunk_ms} ms", shades[chunk_ms]) for chunk_ms in chunks_ms]
    series = (*captions, ("CTC, full context", BLUE), ("final text", GREEN))
    height = 0.84 / len(series)
    for place, (_, row) in enumerate(rates):
        captioned = (row.captions.get(chunk_ms) for chunk_ms in chunks_ms)
        for turn, (counted, (_, colour)) in enumerate(
            zip((*captioned, row.words, row.text), series, strict=True)
        ):
            if counted is not None and counted.rate is not None:
                percent = 100 * counted.rate
                at = place + height * (turn - (len(series) - 1) / 2)
                axis.barh(at, percent, height=0.9 * height, color=colour)
                axis.text(percent + 0.5, at, f"{percent:.1f}", va="center", fontsize=9)
    labels = [f"{_folded(title)}\n({row.measure})" for title, row in rates]
    axis.set_yticks(range(len(rates)), labels)
    axis.invert_yaxis()
    axis.set_title("Errors, %", pad=32)
    handles = [plt.Rectangle((0, 0), 1, 1, color=colour) for _, colour in series]
    names = [name for name, _ in series]
    axis.legend(
        handles,
        names,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=len(series),
        frameon=False,
    )
    drawing.tight_layout()
    return drawing


def _folded(title: str) -> str:
    """A long title on two lines, broken after its first comma."""
    first, comma, rest = title.partition(", ")
    return f"{first},\n{rest}" if comma and len(title) > 34 else title


def _save(drawing: Drawing, path: Path) -> Path:
    drawing.savefig(path, metadata={"Software": None})
    plt.close(drawing)
    return path
