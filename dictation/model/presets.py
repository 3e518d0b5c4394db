"""The models this project names."""

from dataclasses import replace
from typing import Literal

from dictation.model.config import (
    BlockConfig,
    DecoderConfig,
    EncoderConfig,
    FeatureConfig,
    ModelConfig,
    Subsampling,
)

PresetName = Literal["article", "0.6b", "u2pp", "starter"]


def preset(name: PresetName, vocabulary: int | None = None) -> ModelConfig:
    """Return a model by its name; `vocabulary` None: as many units as it is described with."""
    match name:
        case "article":
            return article(vocabulary or 10_000)
        case "0.6b":
            return large(vocabulary or 10_000)
        case "u2pp":
            return u2pp(vocabulary or 4233)
        case "starter":
            return starter(vocabulary or 5833)


def article(vocabulary: int, width: int = 512, blocks: int = 12) -> ModelConfig:
    """Return the model of the article this project started from, to the letter.

    40 log-mel bins of 25 ms every 10 ms, 12 blocks of width 512, 8 heads (64 wide each) with
    relative positions (Dai et al. 2019), depthwise kernel 15, feed-forwards of twice the width that
    are added whole. What it leaves open is filled in: a quarter of the frame rate, causal
    convolutions, and a decoder of 6 blocks that writes CTC's units.
    """
    heads, ffn_width = width // 64, 2 * width
    block = BlockConfig(
        width=width,
        heads=heads,
        ffn_width=ffn_width,
        kernel_size=15,
        ffn_scale=1.0,
        position="relative_shift",
    )
    return ModelConfig(
        vocabulary=vocabulary,
        features=FeatureConfig(mel_bins=40, normalized=True),
        encoder=EncoderConfig(block=block, blocks=blocks),
        decoder=_unit_decoder(vocabulary, width, heads, ffn_width, blocks=6),
    )


def large(vocabulary: int) -> ModelConfig:
    """Return the article's family grown to the 0.58 B parameters it speaks of."""
    return article(vocabulary, width=1024, blocks=27)


def u2pp(
    vocabulary: int,
    width: int = 256,
    heads: int = 4,
    kernel_size: int = 8,
    subsampling: Subsampling = "conv2d4",
    decoder_blocks: int = 3,
    reverse_blocks: int = 3,
) -> ModelConfig:
    """Return WeNet's U2++ Conformer (Wu et al. 2021), with AISHELL's sizes unless told others."""
    block = BlockConfig(width=width, heads=heads, ffn_width=2048, kernel_size=kernel_size)
    decoder = _unit_decoder(vocabulary, width, heads, 2048, decoder_blocks)
    return ModelConfig(
        vocabulary=vocabulary,
        features=FeatureConfig(normalized=True),
        encoder=EncoderConfig(block=block, subsampling=subsampling),
        decoder=replace(decoder, reverse_blocks=reverse_blocks),
        languages=(),
    )


def starter(vocabulary: int, decoder_vocabulary: int | None = 51_865) -> ModelConfig:
    """Return the model that ships: Whisper-base's encoder and decoder widths, so that it can start
    from those weights, with causal convolutions and three blocks more at 25 frames a second."""
    lower = BlockConfig(
        width=512,
        heads=8,
        ffn_width=2048,
        kernel_size=15,
        macaron=False,
        ffn_scale=1.0,
        closing_norm=False,
        activation="gelu",
        position="absolute",
        key_bias=False,
        dropout=0.0,
    )
    upper = BlockConfig(
        width=512,
        heads=8,
        ffn_width=1024,
        kernel_size=15,
        macaron=True,
        ffn_scale=0.5,
        closing_norm=True,
        activation="silu",
        position="none",
        dropout=0.1,
    )
    decoder = None if decoder_vocabulary is None else DecoderConfig(vocabulary=decoder_vocabulary)
    return ModelConfig(
        vocabulary=vocabulary,
        features=FeatureConfig(frontend="whisper"),
        encoder=EncoderConfig(
            block=lower, subsampling="conv1d2", blocks=6, upper=upper, upper_blocks=3
        ),
        decoder=decoder,
    )


def _unit_decoder(
    vocabulary: int, width: int, heads: int, ffn_width: int, blocks: int
) -> DecoderConfig:
    """A decoder of CTC's units, the last of which opens and closes a text."""
    return DecoderConfig(
        vocabulary=vocabulary,
        width=width,
        heads=heads,
        ffn_width=ffn_width,
        blocks=blocks,
        start=vocabulary - 1,
        end=vocabulary - 1,
        positions="sinusoid",
        scaled=True,
        tied=False,
        activation="relu",
        key_bias=True,
    )
