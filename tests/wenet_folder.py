"""A WeNet model folder with random weights, as WeNet would have written it."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

WIDTH, HEADS, FFN, BLOCKS, BINS = 16, 2, 24, 2, 40
UNITS = ["<blank>", "<unk>", *"我你他的是不了人ABC", "▁", "<sos/eos>"]
_LINEAR = {  # factor: bins after the convolutions
    "conv2d": ((BINS - 1) // 2 - 1) // 2,
    "conv2d6": ((BINS - 1) // 2 - 2) // 3,
    "conv2d8": (((BINS - 1) // 2 - 1) // 2 - 1) // 2,
}


def settings(**encoder: Any) -> dict[str, Any]:
    """Return a train.yaml of today's form; `encoder` changes its encoder_conf."""
    return {
        "encoder": "conformer",
        "encoder_conf": {
            "output_size": WIDTH,
            "attention_heads": HEADS,
            "linear_units": FFN,
            "num_blocks": BLOCKS,
            "input_layer": "conv2d",
            "pos_enc_layer_type": "rel_pos",
            "selfattention_layer_type": "rel_selfattn",
            "causal": True,
            "cnn_module_kernel": 5,
            "cnn_module_norm": "layer_norm",
            "use_dynamic_chunk": True,
            **encoder,
        },
        "decoder": "bitransformer",
        "decoder_conf": {
            "attention_heads": HEADS,
            "linear_units": FFN,
            "num_blocks": 2,
            "r_num_blocks": 1,
        },
        "dataset_conf": {
            "fbank_conf": {"num_mel_bins": BINS, "dither": 1.0},
            "speed_perturb": True,
        },
        "cmvn": "global_cmvn",
        "cmvn_conf": {"cmvn_file": "/data/train/global_cmvn", "is_json_cmvn": True},
        "tokenizer": "char",
        "tokenizer_conf": {"symbol_table_path": "/data/units.txt", "bpe_path": None},
        "model": "asr_model",
        "ctc": "ctc",
        "model_conf": {"ctc_weight": 0.3, "reverse_weight": 0.3},
        "input_dim": BINS,
        "output_dim": len(UNITS),
        "vocab_size": len(UNITS),
        "optim": "adam",
    }


def second_form(values: dict[str, Any]) -> dict[str, Any]:
    """The same as WeNet wrote it in 2022."""
    old = {key: value for key, value in values.items() if key not in _NEW}
    return old | {"cmvn_file": "exp/global_cmvn", "is_json_cmvn": True}


def first_form(values: dict[str, Any]) -> dict[str, Any]:
    """The same as WeNet wrote it in 2020."""
    old = second_form(values)
    del old["is_json_cmvn"]
    features = {"feature_type": "fbank", "mel_bins": BINS, "frame_shift": 10, "frame_length": 25}
    return old | {
        "raw_wav": True,
        "dataset_conf": {"batch_size": 16, "batch_type": "static", "max_length": 40960},
        "collate_conf": {
            "spec_aug": True,
            "feature_extraction_conf": features | {"using_pitch": False},
            "wav_distortion_conf": {"wav_dither": 0.1},
        },
    }


_NEW = {"cmvn", "cmvn_conf", "tokenizer", "tokenizer_conf", "model", "ctc", "vocab_size"}


def weights(values: dict[str, Any]) -> dict[str, Tensor]:
    """Return random weights by WeNet's names for a train.yaml."""
    torch.manual_seed(7)
    made: dict[str, Tensor] = {}

    def add(name: str, *shape: int, bias: bool = True) -> None:
        made[f"{name}.weight"] = torch.randn(*shape) / max(1, shape[-1]) ** 0.5
        if bias:
            made[f"{name}.bias"] = 0.1 * torch.randn(shape[0])

    def add_norm(name: str, kind: str = "layer_norm") -> None:
        made[f"{name}.weight"] = torch.rand(WIDTH) + 0.5
        if kind != "rms_norm":
            made[f"{name}.bias"] = torch.randn(WIDTH)

    encoder = values["encoder_conf"]
    norm = encoder.get("layer_norm_type", "layer_norm")
    made["encoder.global_cmvn.mean"] = torch.full((BINS,), 10.0)
    made["encoder.global_cmvn.istd"] = torch.full((BINS,), 0.25)
    kind = encoder["input_layer"]
    if kind == "conv1d2":
        add("encoder.embed.conv.0", WIDTH, BINS, 3)
        add("encoder.embed.conv.2", WIDTH, WIDTH, 3)
    else:
        add("encoder.embed.conv.0", WIDTH, 1, 3, 3)
        kernel = 5 if kind == "conv2d6" else 3
        add("encoder.embed.conv.2", WIDTH, WIDTH, kernel, kernel)
        if kind == "conv2d8":
            add("encoder.embed.conv.4", WIDTH, WIDTH, 3, 3)
        linear = "encoder.embed.out.0" if kind == "conv2d" else "encoder.embed.linear"
        add(linear, WIDTH, WIDTH * _LINEAR[kind])
    add_norm("encoder.after_norm", norm)
    macaron, convolution = encoder.get("macaron_style", True), encoder.get("use_cnn_module", True)
    for index in range(BLOCKS):
        block = f"encoder.encoders.{index}"
        for part, name in (("q", "query"), ("k", "key"), ("v", "value"), ("out", "value")):
            biased = encoder.get(f"{name}_bias", True) or part == "out"
            add(f"{block}.self_attn.linear_{part}", WIDTH, WIDTH, bias=biased)
        if encoder["selfattention_layer_type"] == "rel_selfattn":
            add(f"{block}.self_attn.linear_pos", WIDTH, WIDTH, bias=False)
            for part in "uv":
                made[f"{block}.self_attn.pos_bias_{part}"] = torch.randn(HEADS, WIDTH // HEADS)
        for part in ("feed_forward", "feed_forward_macaron")[: 1 + macaron]:
            add(f"{block}.{part}.w_1", FFN, WIDTH, bias=encoder.get("mlp_bias", True))
            add(f"{block}.{part}.w_2", WIDTH, FFN, bias=encoder.get("mlp_bias", True))
        if convolution:
            biased, kernel = encoder.get("conv_bias", True), encoder["cnn_module_kernel"]
            add(f"{block}.conv_module.pointwise_conv1", 2 * WIDTH, WIDTH, 1, bias=biased)
            add(f"{block}.conv_module.depthwise_conv", WIDTH, 1, kernel, bias=biased)
            add(f"{block}.conv_module.pointwise_conv2", WIDTH, WIDTH, 1, bias=biased)
            add_norm(f"{block}.conv_module.norm", encoder["cnn_module_norm"])
            if encoder["cnn_module_norm"] == "batch_norm":
                made[f"{block}.conv_module.norm.running_mean"] = torch.randn(WIDTH)
                made[f"{block}.conv_module.norm.running_var"] = torch.rand(WIDTH) + 0.5
                made[f"{block}.conv_module.norm.num_batches_tracked"] = torch.tensor(7.5)
        for part in ("ff", "mha", *["ff_macaron"] * macaron, *["conv", "final"] * convolution):
            add_norm(f"{block}.norm_{part}", norm)
    for side, blocks in _sides(values):
        add(f"{side}embed.0", len(UNITS), WIDTH, bias=False)
        add_norm(f"{side}after_norm")
        add(f"{side}output_layer", len(UNITS), WIDTH)
        for index in range(blocks):
            block = f"{side}decoders.{index}"
            for attention in ("self_attn", "src_attn"):
                for part in ("q", "k", "v", "out"):
                    add(f"{block}.{attention}.linear_{part}", WIDTH, WIDTH)
            add(f"{block}.feed_forward.w_1", FFN, WIDTH)
            add(f"{block}.feed_forward.w_2", WIDTH, FFN)
            for part in (1, 2, 3):
                add_norm(f"{block}.norm{part}")
    add("ctc.ctc_lo", len(UNITS), WIDTH)
    return made


def _sides(values: dict[str, Any]) -> list[tuple[str, int]]:
    decoder = values["decoder_conf"]
    if values["decoder"] == "transformer":
        return [("decoder.", decoder["num_blocks"])]
    return [
        ("decoder.left_decoder.", decoder["num_blocks"]),
        ("decoder.right_decoder.", decoder["r_num_blocks"]),
    ]


def write(folder: Path, values: dict[str, Any], tensors: dict[str, Tensor] | None = None) -> Path:
    """Write the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.yaml").write_text(yaml.safe_dump(values, allow_unicode=True))
    torch.save(weights(values) if tensors is None else tensors, folder / "final.pt")
    lines = [f"{unit} {index}\n" for index, unit in enumerate(UNITS)]
    (folder / "units.txt").write_text("".join(lines), encoding="utf-8")
    # 4 frames of mean 10 and variance 16 in every bin: what the weights above say, too.
    sums = {"mean_stat": [40.0] * BINS, "var_stat": [464.0] * BINS, "frame_num": 4}
    (folder / "global_cmvn").write_text(json.dumps(sums))
    return folder


def pack(folder: Path) -> bytes:
    """Return a folder as the .tar.gz that WeNet would have published."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        tar.add(folder, arcname="20210601_u2++_conformer_exp")
    return stream.getvalue()
