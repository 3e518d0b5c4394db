"""The joint model: one encoder, a CTC head, a language head and (where it has one) a decoder."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from dictation.model.config import ModelConfig
from dictation.model.decoder import AttentionDecoder
from dictation.model.encoder import Encoder, EncoderOutput
from dictation.model.features import LogMel
from dictation.model.language import LanguageHead
from dictation.model.linear import Form, single

LISTENING = ("encoder.", "ctc.", "language.")
"""How the names of a listener's weights begin."""


class Listener(nn.Module):
    """An encoder with what reads it frame by frame: a CTC head and (where it has one) a language
    head."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.encoder = Encoder(config.encoder, config.features.mel_bins)
        self.ctc: nn.Module = nn.Linear(self.encoder.top_width, config.vocabulary)
        self.language = (
            LanguageHead(self.encoder.top_width, len(config.languages))
            if config.languages
            else None
        )

    def take_form(self, form: Form) -> None:
        """Become what computes fastest; the weights are fixed from now on."""
        self.encoder.take_form(form)
        if form == "int8":
            assert isinstance(self.ctc, nn.Linear)
            self.ctc = single(self.ctc, form)

    def ctc_log_probs(self, top: Tensor, blank_penalty: float = 0.0) -> Tensor:
        """Return CTC log-probabilities (B, T, V) in float32; token 0 is blank, and `blank_penalty`
        is taken from its logit."""
        logits: Tensor = self.ctc(top).float()
        if blank_penalty:
            logits[..., 0] -= blank_penalty
        return logits.log_softmax(2)

    def language_log_probs(self, output: EncoderOutput) -> Tensor | None:
        """Return log-probabilities (B, classes) of the language of whole utterances, None where
        there is no language head."""
        if self.language is None:
            return None
        frames = torch.arange(output.top.size(1), device=output.top.device)
        inside = (frames < output.top_lengths[:, None])[..., None]
        total = (output.top.float() * inside).sum(1)
        pooled = total / output.top_lengths.clamp(min=1)[:, None]
        log_probs: Tensor = self.language(pooled)
        return log_probs


class JointModel(Listener):
    """A streaming U2 recogniser (Zhang et al. 2020): first pass CTC, second pass attention.

    `reverse_decoder` is given the tokens of a text from the last to the first. `mixed`: a second
    listener, for whole utterances in two languages, whose states the same decoder reads (two
    encoders as in Lu et al. 2020, "Bi-encoder Transformer Network for Mandarin-English
    Code-Switching Speech Recognition", but one of them for both languages together).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.config = config
        self.features = LogMel(config.features)
        decoder = config.decoder
        self.decoder = AttentionDecoder(decoder) if decoder is not None else None
        self.reverse_decoder = (
            AttentionDecoder(replace(decoder, blocks=decoder.reverse_blocks))
            if decoder is not None and decoder.reverse_blocks > 0
            else None
        )
        self.mixed = Listener(config) if config.mixed else None

    def take_form(self, form: Form) -> None:
        """Become what computes fastest; the weights are fixed from now on."""
        super().take_form(form)
        for part in (self.decoder, self.reverse_decoder, self.mixed):
            if part is not None:
                part.take_form(form)
