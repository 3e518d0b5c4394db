"""What a training run is told: one TOML file, checked before anything starts."""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dictation.errors import DictationError


class TrainingConfigError(DictationError):
    """A training configuration is wrong; the message names file, key and what is allowed."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Positive = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class StartTable(_Table):
    """Where the weights come from: `whisper`, a folder with CTranslate2's Whisper-base, or
    `checkpoint`, a model folder of our own."""

    whisper: Path | None = None
    checkpoint: Path | None = None


class VocabularyTable(_Table):
    """What the vocabularies are learned from: plain text files beside the corpora's transcripts."""

    latin_pieces: Positive = 1500
    texts: tuple[Path, ...] = ()


class CorpusTable(_Table):
    """One manifest and how often each of its utterances is drawn in an epoch."""

    manifest: Path
    weight: Annotated[float, Field(gt=0.0)] = 1.0


class LossTable(_Table):
    """Weights of the parts of the loss; `reverse`: what part of the attention loss is that of the
    decoder that reads from the end, where there is one."""

    ctc: Fraction = 0.7
    attention: Fraction = 0.3
    reverse: Fraction = 0.3
    language: Fraction = 0.3
    label_smoothing: Fraction = 0.1


class ScheduleTable(_Table):
    """Steps and learning rates, each with a linear warm-up, then a cosine down to a twentieth.

    `new_rate`: the heads. `inner_rate`: new blocks and modules (a large rate on these ends in
    blanks for everything). `old_rate`: the parts that bring their knowledge along; they and the
    modules inside them rest for the first `hold` steps, which see full context.
    """

    steps: Positive
    warm_up: Positive = 100
    new_rate: Annotated[float, Field(gt=0.0)] = 1e-3
    inner_rate: Annotated[float, Field(gt=0.0)] = 3e-4
    old_rate: Annotated[float, Field(gt=0.0)] = 4e-5
    hold: Annotated[int, Field(ge=0)] = 0
    averaging: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.999


class ChunkTable(_Table):
    """How chunk masks are drawn, in frames of the encoder's lower blocks (even numbers)."""

    sizes: tuple[Positive, ...] = (8, 16, 16, 32, 64)
    full_context: Fraction = 0.4
    left_context: tuple[int, ...] = (-1, -1, 8, 16)


class TrainingConfig(_Table):
    """A whole training run."""

    out: Path
    start: StartTable
    vocabulary: VocabularyTable = VocabularyTable()
    corpus: tuple[CorpusTable, ...]
    noise: tuple[Path, ...] = ()
    silence: tuple[Path, ...] = ()
    dev: tuple[Path, ...] = ()
    dev_limit: Positive = 60
    loss: LossTable = LossTable()
    schedule: ScheduleTable
    chunks: ChunkTable = ChunkTable()
    batch_seconds: Positive = 90
    seed: int = 1
    threads: Positive = 2
    loaders: Annotated[int, Field(ge=0)] = 1
    bf16: bool = True
    save_every: Positive = 200
    evaluate_every: Positive = 500


def read_training_config(path: Path) -> TrainingConfig:
    """Read and check a TOML file; relative paths in it are relative to the working directory."""
    try:
        return TrainingConfig.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise TrainingConfigError(f"{path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise TrainingConfigError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise TrainingConfigError(
            f"{path}: {key} = {first.get('input')!r}: {first['msg']}"
        ) from error
