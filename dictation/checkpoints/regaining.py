"""A decoder that is given back words of Whisper's which its vocabulary was cut by.

A token that training never saw has Whisper's row of the embedding, which is its output, too, moved
as training has moved the others. Nothing has taught it to stay behind where another one is right:
that is made up for by less of what adds the same to every score.
"""

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
# this much (natural logarithm): of 1, 2, 3 and 4 the best on development sets.
_CLOSE = 5e-4
_MARGIN = 3.0
_RIDGE = 1e-3
_COLUMNS = 2000


@dataclass(frozen=True)
class Places:
    """Where a decoder was, over recordings with texts: its states (N, D), and the token (N,) that
    is right after each."""

    states: Tensor
    right: Tensor


def with_words(checkpoint: Checkpoint, whisper: Path, words: Iterable[str]) -> Checkpoint:
    """Return the model with those tokens of Whisper that it needs to write English words as Whisper
    does, small and with a capital; they are to be `held_back`.

    `whisper`: a folder with tokenizer.json and the weights. Raises ModelError for a model without
    Whisper's decoder, WhisperFileError or TokenizerError for what is in the folder.
    """
    decoder, ours = checkpoint.model.decoder, checkpoint.decoder_tokenizer
    if decoder is None or ours is None or not decoder.config.tied:
        raise ModelError(f"{checkpoint.name}: its decoder is not Whisper's")
    theirs = DecoderTokenizer.load(whisper / "tokenizer.json")
    spellings = (text for word in words for text in (f" {word}", f" {word.capitalize()}"))
    our_ids, their_ids = ours.ids, theirs.ids
    wider = DecoderTokenizer(shrink_whisper_tokenizer(theirs.definition, spellings, our_ids)[0])
    ids = wider.ids
    rows = decoder.embedding.weight.detach().float()
    their_rows = read_whisper(whisper)["decoder/embeddings/weight"].float()
    shared = [token for token in our_ids if token in their_ids and _is_english_word(token)]
    drift = (rows[_of(shared, our_ids)] - their_rows[_of(shared, their_ids)]).mean(0)
    new = [token for token in ids if token not in our_ids]
    embedding = torch.empty(len(ids), rows.size(1))
    embedding[_of(our_ids, ids)] = rows[_of(our_ids, our_ids)]
    embedding[_of(new, ids)] = their_rows[_of(new, their_ids)] + drift
    return _with_embedding(replace(checkpoint, decoder_tokenizer=wider), embedding)


def held_back(checkpoint: Checkpoint, before: DecoderTokenizer, places: Places) -> Checkpoint:
    """Return a model whose tokens that `before` has not stay behind where another one is right.

    `places`: of recordings that the model was trained on, told the texts in its own tokens.
    """
    decoder, tokens = checkpoint.model.decoder, checkpoint.decoder_tokenizer
    assert decoder is not None
    assert tokens is not None
    known, ids = before.ids, tokens.ids
    embedding = decoder.embedding.weight.detach().float()
    states = places.states.float()
    right = (states * embedding[places.right]).sum(1)
    # What adds nearly 1 to the score at every place, by least squares.
    gram = states.T @ states
    ridge = _RIDGE * gram.diagonal().mean() * torch.eye(len(gram))
    everywhere = torch.linalg.solve(gram + ridge, states.sum(0))
    count = max(1, int(_CLOSE * len(states)))
    held = embedding.clone()
    for some in torch.split(_of((token for token in ids if token not in known), ids), _COLUMNS):
        ahead = states @ embedding[some].T - right[:, None]
        ahead.masked_fill_(places.right[:, None] == some, -torch.inf)
        behind = (ahead.topk(count, dim=0).values[-1] + _MARGIN).clamp(min=0.0)
        held[some] -= behind[:, None] * everywhere
    return _with_embedding(checkpoint, held)


def _with_embedding(checkpoint: Checkpoint, embedding: Tensor) -> Checkpoint:
    config = checkpoint.model.config
    assert config.decoder is not None
    decoder = replace(config.decoder, vocabulary=len(embedding))
    model = JointModel(replace(config, decoder=decoder))
    model.load_state_dict(checkpoint.model.state_dict() | {"decoder.embedding.weight": embedding})
    return replace(checkpoint, model=model.eval())


def _of(tokens: Iterable[str], ids: Mapping[str, int]) -> Tensor:
    return torch.tensor([ids[token] for token in tokens])


def _is_english_word(token: str) -> bool:
    # The byte-level alphabet writes a space as this letter.
    return token.startswith("Ġ") and token[1:].isascii() and token[1:].isalpha()
