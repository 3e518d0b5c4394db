"""WeNet's names for weights, and ours."""

import re

from torch import Tensor

# Weights that no computation uses: tables that are formulas, and layers of old files that were
# never applied (`concat_after: true` is refused).
_UNUSED = re.compile(r"(.*\.)?(pos_enc\.pe|embed\.1\.pe|concat_linear[12]?\.(weight|bias))")

_EVERYWHERE = (
    (r"^encoder\.global_cmvn\.mean$", "features.mean"),
    (r"^encoder\.global_cmvn\.istd$", "features.inverse_deviation"),
    (r"^ctc\.ctc_lo\.", "ctc."),
)
_ENCODER = (
    (r"^encoder\.embed\.conv\.0\.", "encoder.subsampling.conv1."),
    (r"^encoder\.embed\.conv\.2\.", "encoder.subsampling.conv2."),
    (r"^encoder\.embed\.conv\.4\.", "encoder.subsampling.conv3."),
    (r"^encoder\.embed\.(out\.0|linear)\.", "encoder.subsampling.linear."),
    (r"^encoder\.after_norm\.", "encoder.norm."),
    (r"^encoder\.encoders\.", "encoder.blocks."),
    (r"\.self_attn\.pos_bias_u$", ".attention.content_bias"),
    (r"\.self_attn\.pos_bias_v$", ".attention.position_bias"),
    (r"\.self_attn\.linear_q\.", ".attention.query."),
    (r"\.self_attn\.linear_k\.", ".attention.key."),
    (r"\.self_attn\.linear_v\.", ".attention.value."),
    (r"\.self_attn\.linear_out\.", ".attention.out."),
    (r"\.self_attn\.linear_pos\.", ".attention.position."),
    (r"\.feed_forward\.w_1\.", ".ffn.0."),
    (r"\.feed_forward\.w_2\.", ".ffn.3."),
    (r"\.feed_forward_macaron\.w_1\.", ".macaron.0."),
    (r"\.feed_forward_macaron\.w_2\.", ".macaron.3."),
    (r"\.conv_module\.pointwise_conv1\.", ".convolution.expand."),
    (r"\.conv_module\.depthwise_conv\.", ".convolution.depthwise."),
    (r"\.conv_module\.norm\.", ".convolution.norm."),
    (r"\.conv_module\.pointwise_conv2\.", ".convolution.project."),
    (r"\.norm_ff\.", ".ffn_norm."),
    (r"\.norm_mha\.", ".attention_norm."),
    (r"\.norm_ff_macaron\.", ".macaron_norm."),
    (r"\.norm_conv\.", ".convolution_norm."),
    (r"\.norm_final\.", ".closing_norm."),
)
_DECODER = (
    (r"^decoder\.right_decoder\.", "reverse_decoder."),
    (r"^decoder\.left_decoder\.", "decoder."),
    (r"decoder\.embed\.0\.", "decoder.embedding."),
    (r"decoder\.after_norm\.", "decoder.norm."),
    (r"decoder\.output_layer\.", "decoder.output."),
    (r"decoder\.decoders\.", "decoder.blocks."),
    (r"\.self_attn\.linear_q\.", ".self_attention.query."),
    (r"\.self_attn\.linear_k\.", ".self_attention.key."),
    (r"\.self_attn\.linear_v\.", ".self_attention.value."),
    (r"\.self_attn\.linear_out\.", ".self_attention.out."),
    (r"\.src_attn\.linear_q\.", ".cross_attention.query."),
    (r"\.src_attn\.linear_k\.", ".cross_attention.key."),
    (r"\.src_attn\.linear_v\.", ".cross_attention.value."),
    (r"\.src_attn\.linear_out\.", ".cross_attention.out."),
    (r"\.feed_forward\.w_1\.", ".ffn.0."),
    (r"\.feed_forward\.w_2\.", ".ffn.2."),
    (r"\.norm1\.", ".self_norm."),
    (r"\.norm2\.", ".cross_norm."),
    (r"\.norm3\.", ".ffn_norm."),
)


def is_never_used(name: str) -> bool:
    """Tell whether no model computes anything with a weight of that name."""
    return _UNUSED.fullmatch(name) is not None


def our_name(name: str) -> str:
    """Return our name for a weight of theirs; a name nobody knows comes back much as it was."""
    rules = _DECODER if name.startswith("decoder.") else _ENCODER
    for pattern, replacement in (*_EVERYWHERE, *rules):
        name = re.sub(pattern, replacement, name)
    return name


def our_shape(name: str, weight: Tensor) -> Tensor:
    """Return a weight of theirs in the shape and type ours has."""
    if name.endswith("num_batches_tracked"):
        return weight.long()  # averaged checkpoints have it as a fraction
    weight = weight.float()
    if ".pointwise_conv" in name and weight.dim() == 3:
        return weight.squeeze(2)
    return weight
