"""What a run starts from: Whisper's weights, a model folder, or a preset with weights of chance."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from dictation.checkpoints.folders import load_folder
from dictation.checkpoints.own import Checkpoint
from dictation.checkpoints.whisper import start_from_whisper
from dictation.model.encoder import Encoder
from dictation.model.joint import JointModel
from dictation.model.presets import PresetName, preset, starter
from dictation.text.tokenizer import CtcTokenizer
from dictation.training.config import TrainingConfig, TrainingConfigError
from dictation.training.manifest import Utterance
from dictation.training.vocabulary import make_ctc_vocabulary, make_vocabularies

HEADS = ("encoder.pairing", "ctc.", "language.")
UPPER = "encoder.upper"


@dataclass(frozen=True)
class Start:
    """A model to train, and the names of its parameters that bring their knowledge along."""

    checkpoint: Checkpoint
    old_names: frozenset[str]


def begin(config: TrainingConfig, utterances: Iterable[Utterance]) -> Start:
    """Make the model a run begins with; vocabularies of new ones are learned from `utterances`.

    Raises TrainingConfigError, ModelError or WhisperFileError.
    """
    start = config.start
    if start.checkpoint is not None:
        found = load_folder(start.checkpoint)
        checkpoint = replace(found, name=config.name)
        return Start(checkpoint, _knowing(found.model))
    if start.whisper is not None:
        return _from_whisper(config, start.whisper, utterances)
    assert start.preset is not None
    return _from_nothing(config, start.preset, utterances)


def read_teacher(folder: Path, model: JointModel) -> Encoder:
    """Return the encoder a model learns from. Raises TrainingConfigError where the two differ."""
    teacher = load_folder(folder).model
    theirs, ours = teacher.config, model.config
    if (theirs.features, theirs.encoder) != (ours.features, ours.encoder):
        raise TrainingConfigError(f"loss.teacher: {folder}: its encoder has another shape")
    return teacher.encoder.eval().requires_grad_(False)


def _knowing(model: JointModel) -> frozenset[str]:
    return frozenset(
        name
        for name, _ in model.named_parameters()
        if not name.startswith((*HEADS, UPPER)) and ".convolution." not in name
    )


def _from_whisper(config: TrainingConfig, folder: Path, utterances: Iterable[Utterance]) -> Start:
    words = config.vocabulary
    tokenizer, decoder_tokenizer, rows = make_vocabularies(
        utterances, words.texts, words.latin_pieces, folder
    )
    model = JointModel(starter(len(tokenizer), len(decoder_tokenizer)))
    old_names = start_from_whisper(model, folder, rows)
    checkpoint = Checkpoint(config.name, model, tokenizer, decoder_tokenizer)
    return Start(checkpoint, frozenset(old_names))


def _from_nothing(
    config: TrainingConfig, name: PresetName, utterances: Iterable[Utterance]
) -> Start:
    if name == "starter":
        raise TrainingConfigError(
            "start.preset: the starter's decoder writes Whisper's tokens; give start.whisper"
        )
    words = config.vocabulary
    tokenizer: CtcTokenizer = make_ctc_vocabulary(
        utterances, words.texts, words.latin_pieces, closing=True
    )
    return Start(
        Checkpoint(config.name, JointModel(preset(name, len(tokenizer))), tokenizer), frozenset()
    )
