"""The models this project names."""

from dictation.model.config import (
    BlockConfig,
    DecoderConfig,
    EncoderConfig,
    FeatureConfig,
    ModelConfig,
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
