"""A decoder that is given back words of Whisper's which its vocabulary was cut by.

A token that training never saw has Whisper's row of the embedding, which is its output, too, moved
as training has moved the others. Nothing has taught it to stay behind where another one is right:
that is made up for by less of what adds the same to every score.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from dictation.checkpoints.own import Checkpoint
from dictation.checkpoints.weights import ModelError
from dictation.checkpoints.whisper_files import read_whisper
from dictation.model.joint import JointModel
from dictation.text.tokenizer import DecoderTokenizer, shrink_whisper_tokenizer

# In all but this share of the places where another token is right a new one stays behind it, and by
# this much (natural logarithm): of 0, 2, 3 and 4.5 the best on development sets.
_CLOSE = 5e-4
_MARGIN = 2.0
_RIDGE = 1e-3
_COLUMNS = 2000


@dataclass(frozen=True)
class Places:
    """Where a decoder was, over recordings with texts: its states (N, D), and the token (N,) that
    is right after each."""

    states: Tensor
    right: Tensor


def with_words(
    checkpoint: Checkpoint, whisper: Path, words: Iterable[str], places: Places
) -> Checkpoint:
    """Return the model with those tokens of Whisper that it needs to write English words as Whisper
    does, small and with a capital.

    `whisper`: a folder with tokenizer.json and the weights; `places`: of recordings that the model
    was trained on. Raises ModelError for a model without Whisper's decoder, WhisperFileError or
    TokenizerError for what is in the folder.
    """
    decoder, ours = checkpoint.model.decoder, checkpoint.decoder_tokenizer
    if decoder is None or ours is None or not decoder.config.tied:
        raise ModelError(f"{checkpoint.name}: its decoder is not Whisper's")
    theirs = DecoderTokenizer.load(whisper / "tokenizer.json").definition
    spellings = (text for word in words for text in (f" {word}", f" {word.capitalize()}"))
    our_ids, their_ids = _ids(ours.definition), _ids(theirs)
    wider, _ = shrink_whisper_tokenizer(theirs, spellings, our_ids)
    tokens = sorted(_ids(wider), key=_ids(wider).__getitem__)
    rows = decoder.embedding.weight.detach().float()
    their_rows = read_whisper(whisper)["decoder/embeddings/weight"].float()
    new = [token for token in tokens if token not in our_ids]
    shared = [token for token in our_ids if token in their_ids and _is_english_word(token)]
    drift = rows[_of(shared, our_ids)] - their_rows[_of(shared, their_ids)]
    added = their_rows[_of(new, their_ids)] + drift.mean(0)
    added = held_back(added, rows, places)
    places_of_new = {token: len(rows) + index for index, token in enumerate(new)}
    embedding = torch.cat([rows, added])[_of(tokens, our_ids | places_of_new)]
    config = checkpoint.model.config
    larger = JointModel(replace(config, decoder=replace(decoder.config, vocabulary=len(embedding))))
    state = checkpoint.model.state_dict() | {"decoder.embedding.weight": embedding}
    larger.load_state_dict(state)
    return replace(checkpoint, model=larger, decoder_tokenizer=DecoderTokenizer(wider))


def held_back(rows: Tensor, others: Tensor, places: Places) -> Tensor:
    """Return rows (M, D) for new tokens that stay behind the right ones of `others` (V, D)."""
    states = places.states.float()
    right = (states * others[places.right]).sum(1)
    # What adds nearly 1 to the score at every place, by least squares.
    gram = states.T @ states
    ridge = _RIDGE * gram.diagonal().mean() * torch.eye(len(gram))
    everywhere = torch.linalg.solve(gram + ridge, states.sum(0))
    count = max(1, int(_CLOSE * len(states)))
    ahead = torch.cat(
        [
            (states @ some.T - right[:, None]).topk(count, dim=0).values[-1]
            for some in torch.split(rows, _COLUMNS)
        ]
    )
    behind = (ahead + _MARGIN).clamp(min=0.0)
    return torch.addcmul(rows, behind[:, None], everywhere, value=-1)


def _of(tokens: Iterable[str], ids: Mapping[str, int]) -> Tensor:
    return torch.tensor([ids[token] for token in tokens])


def _is_english_word(token: str) -> bool:
    # The byte-level alphabet writes a space as this letter.
    return token.startswith("Ġ") and token[1:].isascii() and token[1:].isalpha()


def _ids(definition: str) -> dict[str, int]:
    values = json.loads(definition)
    added = {entry["content"]: int(entry["id"]) for entry in values["added_tokens"]}
    return {**values["model"]["vocab"], **added}
