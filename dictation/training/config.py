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
Count = Annotated[int, Field(ge=0)]
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
    """One manifest and how often each of its utterances is drawn in an epoch.

    `keep`: the decoder does not learn its transcripts, it keeps to what the model made of the whole
    utterance when the run began (learning without forgetting, Li and Hoiem 2016, eq. 2).
    """

    manifest: Path
    weight: Rate = 1.0
    keep: bool = False


Range = tuple[float, float]


class AugmentTable(_Table):
    """How often and how strongly training audio is changed.

    Probabilities in 0..1, SNR in dB, levels in dB of gain, padding and pauses in seconds. `joined`:
    how often another utterance follows in the same recording, where neither is longer than
    `joined_seconds`; one of another language makes a mixed one. Masks are counted, their widths in
    mel bins and in frames.
    """

    joined: Fraction = 0.5
    joined_seconds: float = 5.0
    pause: Range = (0.03, 0.5)
    speed: Fraction = 0.6
    speed_range: Range = (0.88, 1.15)
    pitch: Fraction = 0.2
    pitch_semitones: Range = (-3.0, 3.0)
    noise: Fraction = 0.35
    noise_snr: Range = (5.0, 25.0)
    room: Fraction = 0.25
    telephone: Fraction = 0.08
    opus: Fraction = 0.15
    opus_kbps: Range = (8.0, 32.0)
    gain: Range = (-12.0, 6.0)
    padding: Annotated[float, Field(ge=0.0)] = 0.5
    frequency_masks: Count = 2
    frequency_width: Count = 14
    time_masks: Count = 2
    time_width: Count = 30

    @model_validator(mode="after")
    def _ordered(self) -> "AugmentTable":
        for name in ("pause", "speed_range", "pitch_semitones", "noise_snr", "opus_kbps", "gain"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name}: {low} is above {high}")
        if self.opus_kbps[0] < 6.0 or self.opus_kbps[1] > 256.0:
            raise ValueError("opus_kbps: Opus takes 6 to 256 for one voice")
        if self.speed_range[0] <= 0.0:
            raise ValueError("speed_range: a speed is above 0")
        return self


class LossTable(_Table):
    """Weights of the parts of the loss.

    `ctc_end` and `attention_end`: what the weights of CTC and attention become, in a straight line,
    by the last step. `reverse`: what part of the attention loss is that of the decoder that reads
    from the end, where there is one. `distillation`: of the distance to the encoder states of
    `teacher`, a model folder with an encoder of the same shape, which hears the whole utterance.
    `attention_context`: what the decoder reads, the encoder's states under the step's chunk mask,
    those of the whole utterance, or both in turn of one step (the last two encode twice).
    `per`: what the sums of CTC and attention are divided by, utterances or what each has to predict
    (long utterances then weigh no more a token than short ones).
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
    attention_context: Literal["chunk", "full", "both"] = "chunk"
    per: Literal["utterance", "token"] = "utterance"

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
    `frozen`: names of parts that do not learn ("encoder", "encoder.blocks", "decoder", "ctc").
    `pull`: what share of the way, times the learning rate, each step draws the weights back to
    where the run began (L2-SP, Li et al. 2018, taken out of the gradient as AdamW does with decay).
    """

    steps: Positive
    warm_up: Positive = 100
    new_rate: Rate = 1e-3
    inner_rate: Rate = 3e-4
    old_rate: Rate = 4e-5
    hold: Count = 0
    accumulate: Positive = 1
    averaging: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.999
    clip: Rate = 5.0
    patience: Positive | None = None
    frozen: tuple[str, ...] = ()
    pull: Annotated[float, Field(ge=0.0)] = 0.0


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
    silence_weight: Rate = 2.0
    dev: tuple[Path, ...] = ()
    dev_limit: Positive = 60
    loss: LossTable = LossTable()
    schedule: ScheduleTable
    chunks: ChunkTable = ChunkTable()
    augmentation: AugmentTable = AugmentTable()
    batch_seconds: Positive = 90
    seed: int = 1
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "auto"
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    threads: Positive = 2
    loaders: Count = 1
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
