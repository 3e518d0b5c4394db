"""What a run leaves to look at: a line a step, TensorBoard's events, and a picture of the loss."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

METRICS = "metrics.jsonl"
PICTURE = "loss.png"


@dataclass(frozen=True)
class StepRecord:
    """One step: its loss with the parts, the gradients' norm, and the audio it took, in seconds."""

    step: int
    loss: float
    ctc: float
    attention: float
    language: float
    distillation: float
    norm: float
    seconds: float


@dataclass(frozen=True)
class ErrorRecord:
    """One look at the development sets: `errors`, 0..1, by set and chunk."""

    step: int
    errors: Mapping[str, float]

    @property
    def mean(self) -> float:
        """What is to become small."""
        return sum(self.errors.values()) / len(self.errors)


class Records:
    """Writes records into a run's folder; what is there from after `step` (of a run that was
    killed before it saved) is dropped."""

    def __init__(self, folder: Path, step: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / METRICS
        kept = [record for record in read_records(folder) if record.step <= step]
        fresh = self._path.with_suffix(".new")
        fresh.write_text("".join(map(_line, kept)), encoding="utf-8")
        fresh.replace(self._path)
        self._file = self._path.open("a", buffering=1, encoding="utf-8")
        self._board = _board(folder / "tensorboard", step)

    def add(self, record: StepRecord | ErrorRecord) -> None:
        """Write one record."""
        self._file.write(_line(record))
        if self._board is None:
            return
        values = record.errors if isinstance(record, ErrorRecord) else _numbers(record)
        group = "errors" if isinstance(record, ErrorRecord) else "training"
        for name, value in values.items():
            self._board.add_scalar(f"{group}/{name}", value, record.step)

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        if self._board is not None:
            self._board.close()


def read_records(folder: Path) -> list[StepRecord | ErrorRecord]:
    """Return a run's records; a last line that a kill cut short is left out."""
    path = folder / METRICS
    if not path.exists():
        return []
    records: list[StepRecord | ErrorRecord] = []
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            values = json.loads(line)
            records.append(ErrorRecord(**values) if "errors" in values else StepRecord(**values))
    return records


def draw(folder: Path) -> Path | None:
    """Draw the loss and the errors of a run into its folder, None without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        return None
    records = read_records(folder)
    steps = [record for record in records if isinstance(record, StepRecord)]
    looks = [record for record in records if isinstance(record, ErrorRecord)]
    figure = Figure(figsize=(8, 4), layout="constrained")
    losses = figure.add_subplot()
    for name in ("ctc", "attention", "distillation"):
        values = _smoothed(getattr(record, name) for record in steps)
        if any(values):  # what a run gives no weight is not computed
            losses.plot([record.step for record in steps], values, label=f"{name} loss")
    losses.set_xlabel("step")
    losses.set_ylabel("loss per utterance")
    losses.legend(loc="upper left")
    if looks:
        rates = losses.twinx()
        for name in looks[-1].errors:
            shown = [
                (record.step, record.errors[name]) for record in looks if name in record.errors
            ]
            rates.plot(*zip(*shown, strict=True), marker="o", linestyle="--", label=name)
        rates.set_ylabel("errors on development sets")
        rates.set_ylim(0.0, 1.0)
        rates.legend(loc="upper right", fontsize="small")
    figure.savefig(folder / PICTURE, dpi=110)
    return folder / PICTURE


def _smoothed(values: Iterable[float], share: float = 0.05) -> list[float]:
    smooth: list[float] = []
    for value in values:
        smooth.append(value if not smooth else smooth[-1] + share * (value - smooth[-1]))
    return smooth


def _line(record: StepRecord | ErrorRecord) -> str:
    return json.dumps(asdict(record)) + "\n"


def _numbers(record: StepRecord) -> dict[str, float]:
    return {name: value for name, value in asdict(record).items() if name != "step"}


def _board(folder: Path, step: int) -> "SummaryWriter | None":
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ModuleNotFoundError:
        return None
    return SummaryWriter(str(folder), purge_step=step + 1)
