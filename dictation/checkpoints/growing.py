"""A model that learns to write more characters after it was trained."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from pypinyin import Style, lazy_pinyin
from torch import Tensor

from dictation.checkpoints.folders import load_folder
from dictation.checkpoints.own import Checkpoint, save_checkpoint
from dictation.checkpoints.weights import ModelError
from dictation.model.joint import JointModel
from dictation.text.normalize import is_cjk
from dictation.text.tokenizer import CtcTokenizer

_BEHIND = 1.0


def grow_folder(source: Path, target: Path, characters: Iterable[str]) -> int:
    """Write a model with those of `characters` that it lacks, in half precision; how many they are.

    Raises ModelError or TokenizerError, or OSError when `target` cannot be written.
    """
    before = load_folder(source)
    grown = with_characters(before, characters)
    save_checkpoint(grown, target, torch.float16)
    return len(grown.tokenizer.units) - len(before.tokenizer.units)


def with_characters(checkpoint: Checkpoint, characters: Iterable[str]) -> Checkpoint:
    """Return the model with units for those of `characters` that its CTC head lacks, last of all.

    A new unit's score is the mean of those that sound the same, less a little. It is therefore
    never the best, and greedy texts stay as they were; but the user's words can bring it up, and
    training need not begin from chance. Raises ModelError for a model whose decoder writes CTC's
    units, and for vocabularies that are not our own.
    """
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    if not isinstance(tokenizer, CtcTokenizer):
        raise ModelError(f"{checkpoint.name}: its vocabulary is not Dictation's own")
    if model.decoder is not None and checkpoint.decoder_tokenizer is None:
        raise ModelError(f"{checkpoint.name}: its decoder writes CTC's units, which are all it has")
    known = set(tokenizer.units)
    lacking = [each for each in dict.fromkeys(characters) if each not in known]
    if not lacking:
        return checkpoint
    units = [*tokenizer.units, *lacking]
    larger = JointModel(replace(model.config, vocabulary=len(units)))
    state = model.state_dict()
    for listener in ("", "mixed.") if model.mixed is not None else ("",):
        state |= _rows(state, f"{listener}ctc", tokenizer.units, lacking)
    larger.load_state_dict(state)
    return replace(checkpoint, model=larger, tokenizer=CtcTokenizer(units, tokenizer.pieces))


def _rows(
    state: Mapping[str, Tensor], head: str, units: Sequence[str], lacking: Sequence[str]
) -> dict[str, Tensor]:
    weight, bias = state[f"{head}.weight"], state[f"{head}.bias"]
    known = {unit: index for index, unit in enumerate(units) if len(unit) == 1 and is_cjk(unit)}
    if not known:
        raise ModelError("the model writes no Chinese: nothing sounds like what is to be added")
    like = [_like(character, known) for character in lacking]
    return {
        f"{head}.weight": torch.cat(
            [weight, *(weight[rows].mean(0, keepdim=True) for rows in like)]
        ),
        f"{head}.bias": torch.cat(
            [bias, *(bias[rows].mean(0, keepdim=True) - _BEHIND for rows in like)]
        ),
    }


def _like(character: str, known: Mapping[str, int]) -> list[int]:
    """Return the rows of what sounds the same, if need be but for its tone; else all rows."""
    for style in (Style.TONE3, Style.NORMAL):
        sound = lazy_pinyin(character, style=style)
        rows = [row for each, row in known.items() if lazy_pinyin(each, style=style) == sound]
        if rows:
            return rows
    return list(known.values())
