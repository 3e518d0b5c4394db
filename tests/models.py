"""Small models with random weights: the real code, at a size that tests can afford."""

from dataclasses import replace

import torch
from torch import nn

from dictation.checkpoints.own import Checkpoint
from dictation.model.config import (
    BlockConfig,
    DecoderConfig,
    EncoderConfig,
    FeatureConfig,
    ModelConfig,
)
from dictation.model.joint import JointModel
from dictation.text.tokenizer import build_ctc_tokenizer

LATIN = ["the response code is not found", "please review my pull request", "API URL HTTP"]
CHINESE = "这个的是四零今天我们讨论"


def tiny_config(
    vocabulary: int = 20, *, whisper: bool = True, decoder: int | None = None
) -> ModelConfig:
    """Return a shape of the starter's kind (`whisper`) or of WeNet's, a few thousand weights."""
    wenet = BlockConfig(width=16, heads=2, ffn_width=32, kernel_size=5)
    if not whisper:
        encoder = EncoderConfig(block=wenet, blocks=2)
        return ModelConfig(vocabulary, FeatureConfig(mel_bins=20), encoder)
    block = replace(
        wenet,
        macaron=False,
        ffn_scale=1.0,
        closing_norm=False,
        activation="gelu",
        position="absolute",
        key_bias=False,
    )
    encoder = EncoderConfig(
        block=block,
        subsampling="conv1d2",
        blocks=2,
        upper=replace(wenet, position="none"),
        upper_blocks=2,
    )
    return ModelConfig(
        vocabulary=vocabulary,
        features=FeatureConfig("whisper", mel_bins=20),
        encoder=encoder,
        decoder=decoder
        and DecoderConfig(decoder, width=16, heads=2, ffn_width=32, blocks=2, max_tokens=64),
    )


def tiny_model(config: ModelConfig, seed: int = 0) -> JointModel:
    """Return a model whose weights are all random, those that start at zero or one included."""
    torch.manual_seed(seed)
    model = JointModel(config)
    for module in model.modules():
        if isinstance(module, nn.LayerNorm | nn.BatchNorm1d | nn.RMSNorm):
            nn.init.uniform_(module.weight, 0.5, 1.5)
        if isinstance(module, nn.LayerNorm | nn.BatchNorm1d):
            nn.init.uniform_(module.bias, -0.5, 0.5)
        if isinstance(module, nn.BatchNorm1d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    for name, parameter in model.named_parameters():
        if (parameter.dim() == 1 and name.endswith("bias")) or "content_bias" in name:
            nn.init.uniform_(parameter, -0.3, 0.3)
    return model.eval()


def tiny_checkpoint(seed: int = 0) -> Checkpoint:
    """Return a model of the starter's kind, without a decoder, with a real vocabulary."""
    tokenizer = build_ctc_tokenizer(CHINESE, LATIN, 68)
    return Checkpoint("tiny", tiny_model(tiny_config(len(tokenizer)), seed), tokenizer)
