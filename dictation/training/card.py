"""The card of a model that was trained: what it heard, how it learned, what it gets wrong."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dictation.training.config import TrainingConfig
from dictation.training.manifest import Utterance
from dictation.training.records import ErrorRecord, StepRecord, read_records

CARD = "MODEL_CARD.md"


def write_card(
    folder: Path,
    config: TrainingConfig,
    heard: Sequence[Sequence[Utterance]],
    parameters: int,
    picture: Path | None,
) -> None:
    """Write what the trainer knows into a model's folder. `heard`: the utterances of each corpus,
    and those in which nothing is said; `picture`: of the losses, beside the card."""
    sections = (
        f"# {config.name}",
        f"{parameters / 1e6:.1f} M parameters, made by `dictation train`.",
        "## Data",
        _data(config, heard),
        "Licences of these, what was synthetic and how tests were kept apart is for you to tell.",
        "## Training",
        *_training(config),
        *([] if picture is None else [f"![Losses]({picture.name})"]),
        *_errors(config),
    )
    (folder / CARD).write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def _data(config: TrainingConfig, heard: Sequence[Sequence[Utterance]]) -> str:
    names = [(table.manifest.as_posix(), table.weight) for table in config.corpus]
    names += [("noise and music", config.silence_weight)]
    rows = []
    for (name, weight), utterances in zip(names, heard, strict=False):
        hours = sum(each.duration for each in utterances) / 3600
        spoken = Counter(each.language or "nothing said" for each in utterances)
        languages = ", ".join(f"{count} {language}" for language, count in spoken.most_common())
        rows.append((name, f"{hours:.2f}", languages, f"{weight:g}"))
    return _table(("manifest", "hours", "utterances", "drawn in an epoch"), rows)


def _training(config: TrainingConfig) -> Iterator[str]:
    steps = [each for each in read_records(config.out) if isinstance(each, StepRecord)]
    hours = sum(each.seconds for each in steps) / 3600
    yield f"{len(steps)} steps, {hours:.1f} h of audio as it was heard, all epochs together:"
    told = config.model_dump_json(indent=1, exclude_defaults=True)
    yield f"```json\n{told}\n```"


def _errors(config: TrainingConfig) -> Iterator[str]:
    looks = [each for each in read_records(config.out) if isinstance(each, ErrorRecord)]
    if not looks:
        return
    stopped_early = config.schedule.patience is not None
    kept = min(looks, key=lambda look: look.mean) if stopped_early else looks[-1]
    yield "## Errors on development sets"
    yield f"CTC, greedy, after step {kept.step}; for the whole recogniser: `dictation evaluate`."
    yield _table(("set", "errors"), [(name, f"{rate:.1%}") for name, rate in kept.errors.items()])


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
