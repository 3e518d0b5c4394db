"""Error rates: over characters for Chinese, over words for English, over both where they mix."""

from collections.abc import Sequence

import jiwer
import torch
from torch import Tensor

from dictation.decoding.greedy import greedy
from dictation.model.joint import JointModel
from dictation.text.normalize import words_of
from dictation.text.tokenizer import Tokenizer
from dictation.text.writing.spacing import join_letters
from dictation.training.manifest import Utterance


def scored_words(text: str) -> str:
    """Return what is compared: Chinese characters and lower-case words, space-separated.

    Letters that were spelled out are one word, as a corpus may have them (G P S) or not (GPS).
    """
    return " ".join(words_of(join_letters(text.upper()).lower()))


def error_rate(references: Sequence[str], hypotheses: Sequence[str]) -> float:
    """Return edits over reference length, in characters for Chinese and words for English."""
    return float(
        jiwer.wer(
            [scored_words(text) for text in references],
            [scored_words(text) for text in hypotheses],
        )
    )


def greedy_errors(
    model: JointModel,
    tokenizer: Tokenizer,
    utterances: Sequence[Utterance],
    audio: Sequence[Tensor],
    chunk_size: int | None,
) -> float:
    """Return the error rate of greedy CTC under a chunk mask, quick enough to watch training by."""
    hypotheses = []
    model.eval()
    device = next(model.parameters()).device
    with torch.inference_mode():
        for samples in audio:
            features = model.features(samples.to(device))[None]
            lengths = torch.tensor([features.size(1)], device=device)
            output = model.encoder(features, lengths, chunk_size)
            path = greedy(model.ctc_log_probs(output.top)[0])
            hypotheses.append(tokenizer.decode(path.tokens))
    return error_rate([utterance.text for utterance in utterances], hypotheses)
