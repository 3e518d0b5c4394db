"""What a training run is told: one TOML file, checked before anything starts."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dictation.errors import DictationError
from dictation.model.presets import PresetName


class TrainingConfigError(DictationError):
    """A training configuration is wrong; the message names file, key and what is allowed."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Positive = Annotated[int, Field(gt=0)]
Rate = Annotated[float, Field(gt=0.0)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class StartTable(_Table):
    """Where the weights come from; one of three.

    `whisper`: a folder with Whisper's weights, CTranslate2's `model.bin` or the hub's
    `model.safetensors`, beside `tokenizer.json`. `checkpoint`: a model folder, our own or WeNet's.
    `preset`: a model by its name, with weights of chance.
    """

    whisper: Path | None = None
    checkpoint: Path | None = None
    preset: PresetName | None = None

    @model_validator(mode="after")
    def _one(self) -> "StartTable":
        named = [name for name in ("whisper", "checkpoint", "preset") if getattr(self, name)]
        if len(named) != 1:
            raise ValueError("name one of whisper, checkpoint and preset")
        return self


class VocabularyTable(_Table):
    """What the vocabularies are learned from: plain text files beside the corpora's transcripts."""

    latin_pieces: Positive = 1500
    texts: tuple[Path, ...] = ()


class CorpusTable(_Table):
    """One manifest and how often each of its utterances is drawn in an epoch."""

    manifest: Path
    weight: Rate = 1.0


class LossTable(_Table):
    """Weights of the parts of the loss.

    `ctc_end` and `attention_end`: what the weights of CTC and attention become, in a straight line,
    by the last step. `reverse`: what part of the attention loss is that of the decoder that reads
    from the end, where there is one. `distillation`: of the distance to the encoder states of
    `teacher`, a model folder with an encoder of the same shape, which hears the whole utterance.
    """

    ctc: Fraction = 0.7
    attention: Fraction = 0.3
    ctc_end: Fraction | None = None
    attention_end: Fraction | None = None
    reverse: Fraction = 0.3
    language: Fraction = 0.3
    label_smoothing: Fraction = 0.1
    distillation: Annotated[float, Field(ge=0.0)] = 0.0
    teacher: Path | None = None

    @model_validator(mode="after")
    def _taught(self) -> "LossTable":
        if (self.distillation > 0.0) != (self.teacher is not None):
            raise ValueError("distillation and teacher go together")
        return self

    def at(self, progress: float) -> "LossTable":
        """Return the weights after `progress` of the run, 0..1."""
        ends = {"ctc": self.ctc_end, "attention": self.attention_end}
        moved = {
            name: getattr(self, name) + progress * (end - getattr(self, name))
            for name, end in ends.items()
            if end is not None
        }
        return self.model_copy(update=moved)


class ScheduleTable(_Table):
    """Steps and learning rates, each with a linear warm-up, then a cosine down to a twentieth.

    `new_rate`: the heads. `inner_rate`: new blocks and modules (a large rate on these ends in
    blanks for everything). `old_rate`: the parts that bring their knowledge along; they and the
    modules inside them rest for the first `hold` steps, which see full context. A step takes
    `accumulate` batches. `averaging`: what the mean of the weights, which is what is kept, holds on
    to from step to step. `patience`: the run ends after so many evaluations without a better one.
    """

    steps: Positive
    warm_up: Positive = 100
    new_rate: Rate = 1e-3
    inner_rate: Rate = 3e-4
    old_rate: Rate = 4e-5
    hold: Annotated[int, Field(ge=0)] = 0
    accumulate: Positive = 1
    averaging: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.999
    clip: Rate = 5.0
    patience: Positive | None = None


class ChunkTable(_Table):
    """How chunk masks are drawn, in frames of the encoder's lower blocks (even numbers)."""

    sizes: tuple[Positive, ...] = (8, 16, 16, 32, 64)
    full_context: Fraction = 0.4
    left_context: tuple[int, ...] = (-1, -1, 8, 16)


class TrainingConfig(_Table):
    """A whole training run; `batch_seconds` is of one process and one batch."""

    out: Path
    name: str = "starter"
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
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "auto"
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    threads: Positive = 2
    loaders: Annotated[int, Field(ge=0)] = 1
    save_every: Positive = 200
    evaluate_every: Positive = 500

    @model_validator(mode="after")
    def _watched(self) -> "TrainingConfig":
        if self.schedule.patience is not None and not self.dev:
            raise ValueError("schedule.patience needs development sets: dev")
        return self


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
