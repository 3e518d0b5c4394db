"""A model started from Whisper computes, before any training, what Whisper computes."""

import re
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from dictation.checkpoints.whisper import start_from_whisper
from dictation.checkpoints.whisper_files import WhisperFileError, read_ctranslate2, read_whisper
from dictation.model.attention import sinusoids
from dictation.model.joint import JointModel
from tests.models import tiny_config

WIDTH, HEADS, FFN, MELS, TOKENS, POSITIONS = 16, 2, 32, 20, 30, 64
KEPT = [3, 5, 7, 11, 29]


def random_whisper() -> dict[str, np.ndarray]:
    """Return random variables of a Whisper of two blocks, by CTranslate2's names."""
    rng = np.random.default_rng(7)
    variables: dict[str, np.ndarray] = {}

    def put(name: str, *shape: int) -> None:
        variables[name] = (0.3 * rng.standard_normal(shape)).astype(np.float32)

    def linear(name: str, out: int, into: int) -> None:
        put(f"{name}/weight", out, into)
        put(f"{name}/bias", out)

    def norm(name: str) -> None:
        put(f"{name}/gamma", WIDTH)
        put(f"{name}/beta", WIDTH)

    def self_attention(name: str) -> None:
        norm(f"{name}/layer_norm")
        linear(f"{name}/linear_0", 3 * WIDTH, WIDTH)
        variables[f"{name}/linear_0/bias"][WIDTH : 2 * WIDTH] = 0.0  # keys have none
        linear(f"{name}/linear_1", WIDTH, WIDTH)

    def feed_forward(name: str) -> None:
        norm(f"{name}/layer_norm")
        linear(f"{name}/linear_0", FFN, WIDTH)
        linear(f"{name}/linear_1", WIDTH, FFN)

    put("encoder/conv1/weight", WIDTH, MELS, 3)
    put("encoder/conv1/bias", WIDTH)
    put("encoder/conv2/weight", WIDTH, WIDTH, 3)
    put("encoder/conv2/bias", WIDTH)
    norm("encoder/layer_norm")
    put("decoder/embeddings/weight", TOKENS, WIDTH)
    put("decoder/position_encodings/encodings", POSITIONS, WIDTH)
    norm("decoder/layer_norm")
    for block in range(2):
        self_attention(f"encoder/layer_{block}/self_attention")
        feed_forward(f"encoder/layer_{block}/ffn")
        self_attention(f"decoder/layer_{block}/self_attention")
        norm(f"decoder/layer_{block}/attention/layer_norm")
        linear(f"decoder/layer_{block}/attention/linear_0", WIDTH, WIDTH)
        linear(f"decoder/layer_{block}/attention/linear_1", 2 * WIDTH, WIDTH)
        variables[f"decoder/layer_{block}/attention/linear_1/bias"][:WIDTH] = 0.0
        linear(f"decoder/layer_{block}/attention/linear_2", WIDTH, WIDTH)
        feed_forward(f"decoder/layer_{block}/ffn")
    return variables


def write(variables: dict[str, np.ndarray], path: Path, version: int = 6) -> None:
    """Write variables as CTranslate2 does."""

    def string(text: str) -> bytes:
        return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"

    parts = [struct.pack("<I", version), string("WhisperSpec")]
    parts.append(struct.pack("<II", 3, len(variables)))
    for name, value in variables.items():
        parts += [string(name), struct.pack("<B", value.ndim)]
        parts += [struct.pack("<I", size) for size in value.shape]
        parts += [struct.pack("<BI", 0, value.nbytes), value.tobytes()]
    parts.append(struct.pack("<I", 0))
    path.write_bytes(b"".join(parts))


class Reference:
    """Whisper as its paper draws it, written down plainly from the variables."""

    def __init__(self, variables: dict[str, np.ndarray]) -> None:
        self.v = {name: torch.from_numpy(value) for name, value in variables.items()}

    def linear(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.v[f"{name}/weight"], self.v[f"{name}/bias"])

    def norm(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x, (WIDTH,), self.v[f"{name}/gamma"], self.v[f"{name}/beta"])

    def attend(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, causal: bool
    ) -> torch.Tensor:
        heads = []
        for h in range(HEADS):
            part = slice(h * WIDTH // HEADS, (h + 1) * WIDTH // HEADS)
            score = q[:, part] @ k[:, part].T / (WIDTH // HEADS) ** 0.5
            if causal:
                score = score + torch.full(score.shape, float("-inf")).triu(1)
            heads.append(score.softmax(1) @ v[:, part])
        return torch.cat(heads, dim=1)

    def block(self, name: str, x: torch.Tensor, memory: torch.Tensor | None) -> torch.Tensor:
        own = f"{name}/self_attention"
        q, k, v = self.linear(f"{own}/linear_0", self.norm(f"{own}/layer_norm", x)).chunk(3, 1)
        x = x + self.linear(f"{own}/linear_1", self.attend(q, k, v, memory is not None))
        if memory is not None:
            cross = f"{name}/attention"
            q = self.linear(f"{cross}/linear_0", self.norm(f"{cross}/layer_norm", x))
            k, v = self.linear(f"{cross}/linear_1", memory).chunk(2, 1)
            x = x + self.linear(f"{cross}/linear_2", self.attend(q, k, v, False))
        hidden = self.linear(f"{name}/ffn/linear_0", self.norm(f"{name}/ffn/layer_norm", x))
        return x + self.linear(f"{name}/ffn/linear_1", F.gelu(hidden))

    def encode(self, features: torch.Tensor) -> torch.Tensor:
        x = features.T[None]
        for layer, stride in ((1, 1), (2, 2)):
            weight, bias = (self.v[f"encoder/conv{layer}/{kind}"] for kind in ("weight", "bias"))
            x = F.gelu(F.conv1d(x, weight, bias, stride=stride, padding=1))
        x = x[0].T + sinusoids(x.size(2), WIDTH, False, x.device)
        for index in range(2):
            x = self.block(f"encoder/layer_{index}", x, None)
        return self.norm("encoder/layer_norm", x)

    def decode(self, tokens: list[int], memory: torch.Tensor) -> torch.Tensor:
        table = self.v["decoder/embeddings/weight"]
        x = table[tokens] + self.v["decoder/position_encodings/encodings"][: len(tokens)]
        for index in range(2):
            x = self.block(f"decoder/layer_{index}", x, memory)
        return self.norm("decoder/layer_norm", x) @ table.T


@pytest.fixture
def file(tmp_path):
    write(random_whisper(), tmp_path / "model.bin")
    return tmp_path / "model.bin"


@pytest.fixture
def started(file):
    torch.manual_seed(1)
    model = JointModel(tiny_config(decoder=len(KEPT))).eval()
    names = start_from_whisper(model, file.parent, KEPT)
    return model, names


def test_the_file_is_read_as_it_was_written(file):
    read = read_ctranslate2(file)
    written = random_whisper()
    assert read.keys() == written.keys()
    for name, value in written.items():
        assert np.array_equal(read[name].numpy(), value)


def hub_names(variables: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """Return the same weights under the names of the hub's `model.safetensors`."""
    kinds = {"gamma": "weight", "beta": "bias", "weight": "weight", "bias": "bias"}
    inside = {
        "self_attention/layer_norm": ["self_attn_layer_norm"],
        "self_attention/linear_0": [f"self_attn.{part}_proj" for part in "qkv"],
        "self_attention/linear_1": ["self_attn.out_proj"],
        "attention/layer_norm": ["encoder_attn_layer_norm"],
        "attention/linear_0": ["encoder_attn.q_proj"],
        "attention/linear_1": ["encoder_attn.k_proj", "encoder_attn.v_proj"],
        "attention/linear_2": ["encoder_attn.out_proj"],
        "ffn/layer_norm": ["final_layer_norm"],
        "ffn/linear_0": ["fc1"],
        "ffn/linear_1": ["fc2"],
    }
    tables = {"embeddings": "embed_tokens", "position_encodings": "embed_positions"}
    theirs: dict[str, torch.Tensor] = {}
    for name, value in variables.items():
        side, rest = name.split("/", 1)
        rest, _, kind = rest.rpartition("/")
        kind = kinds.get(kind, "weight")
        layer = re.match(r"layer_(\d+)/(.*)", rest)
        if layer is not None:
            root, names = f"{side}.layers.{layer[1]}", inside[layer[2]]
        else:
            root = side
            names = [tables.get(rest, rest)]
        for part, block in zip(names, np.split(value, len(names)), strict=True):
            if not (kind == "bias" and part.endswith("k_proj")):
                theirs[f"model.{root}.{part}.{kind}"] = torch.from_numpy(block.copy())
    return theirs


def test_the_hubs_file_holds_the_same(tmp_path):
    save_file(hub_names(random_whisper()), tmp_path / "model.safetensors")
    read = read_whisper(tmp_path)
    for name, value in random_whisper().items():
        assert np.array_equal(read.pop(name).numpy(), value), name
    assert not read


@pytest.mark.parametrize(
    "left_out", ["model.decoder.layers.0.fc2.bias", "model.encoder.conv1.bias"]
)
def test_a_file_of_the_hub_with_a_hole_is_named(tmp_path, left_out):
    weights = hub_names(random_whisper())
    del weights[left_out]
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(WhisperFileError, match=r"model\.safetensors: not a Whisper model"):
        read_whisper(tmp_path)


def test_the_encoder_starts_as_whispers(started):
    model, _ = started
    features = torch.randn(75, MELS)
    with torch.inference_mode():
        memory = model.encoder(features[None], torch.tensor([75])).memory[0]
    expected = Reference(random_whisper()).encode(features)
    torch.testing.assert_close(memory, expected, atol=1e-4, rtol=1e-4)


def test_the_decoder_starts_as_whispers_for_the_tokens_it_keeps(started):
    model, _ = started
    memory, tokens = torch.randn(1, 12, WIDTH), [0, 3, 1, 4]
    with torch.inference_mode():
        logits = model.decoder.logits(model.decoder(torch.tensor([tokens]), memory, None))[0]
    whole = Reference(random_whisper()).decode([KEPT[token] for token in tokens], memory[0])
    torch.testing.assert_close(logits, whole[:, KEPT], atol=1e-4, rtol=1e-4)


def test_the_upper_blocks_start_as_the_mean_of_each_pair_of_frames(started):
    model, _ = started
    with torch.inference_mode():
        output = model.encoder(torch.randn(1, 80, MELS), torch.tensor([80]))
    x = output.memory.view(1, 20, 2, WIDTH).mean(2)
    for _ in range(2):  # each block closes with a norm whose weights are still one and zero
        x = nn.LayerNorm(WIDTH)(x)
    torch.testing.assert_close(output.top, nn.LayerNorm(WIDTH)(x), atol=1e-5, rtol=0)


def test_only_what_whisper_has_counts_as_old(started):
    model, names = started
    new = {name for name, _ in model.named_parameters()} - names
    assert all(
        name.startswith(("encoder.upper", "encoder.pairing", "ctc", "language"))
        or ".convolution" in name
        for name in new
    )


def test_another_shape_is_refused(tmp_path):
    variables = random_whisper()
    variables["encoder/conv1/weight"] = np.zeros((8, MELS, 3), np.float32)
    write(variables, tmp_path / "model.bin")
    with pytest.raises(WhisperFileError, match=r"conv1\.weight is \(8, 20, 3\)"):
        start_from_whisper(JointModel(tiny_config(decoder=5)), tmp_path, KEPT)


def test_damaged_files_are_named(tmp_path, file):
    whole = file.read_bytes()
    (tmp_path / "cut.bin").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.bin").write_text("not a model at all, but long enough to be read")
    write(random_whisper(), tmp_path / "old.bin", version=4)
    for name in ("cut.bin", "text.bin", "old.bin", "missing.bin"):
        with pytest.raises(WhisperFileError, match=name):
            read_ctranslate2(tmp_path / name)
