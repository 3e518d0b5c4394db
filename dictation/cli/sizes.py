"""`dictation models info`: how large a model is, by its name, its folder or its preset."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from dictation.assets import bundled_models, model_folder
from dictation.catalogue.entries import Entry, Shape, find_entry
from dictation.catalogue.place import models_folder
from dictation.cli.models import rates_of
from dictation.model.config import ModelConfig
from dictation.model.presets import PresetName, preset, u2pp
from dictation.model.sizes import ModelSize, model_size


def show_info(name: str, units: int | None, *, as_json: bool) -> None:
    """Print a model's sizes, with `units` for those that are still to be trained.

    A bundled or downloaded model or a folder is read; of a published one that is not here the shape
    it is published with is taken, of a preset its own. Raises AssetError or ModelError.
    """
    entry = find_entry(name)
    config, source = _find(name, entry, units)
    size = model_size(config)
    if as_json:
        values = asdict(size) | {"parts": dict(size.parts), "parameters": size.parameters}
        print(json.dumps({"name": name, "source": source, **values, "model": config.to_dict()}))
        return
    print(f"{name} ({source})")
    for title, text in (*_published(entry), *_described(config), *_sized(size)):
        print(f"  {title:<11} {text}")


def published_shape(shape: Shape) -> ModelConfig:
    """Return the model a catalogue's entry is published as."""
    return u2pp(
        shape.units,
        shape.width,
        shape.heads,
        shape.kernel_size,
        "conv2d6" if shape.reduction == 6 else "conv2d4",
        shape.decoder_blocks,
        shape.reverse_blocks,
    )


def _find(name: str, entry: Entry | None, units: int | None) -> tuple[ModelConfig, str]:
    for known in get_args(PresetName):
        if name == known and (units is not None or not (bundled_models() / name).is_dir()):
            return preset(known, units), "a preset, to be trained"
    if entry is not None and not (models_folder() / name).is_dir():
        return published_shape(entry.shape), "not downloaded; its shape as published"
    folder = model_folder(name)
    return _read(folder), str(folder)


def _read(folder: Path) -> ModelConfig:
    from dictation.checkpoints.folders import read_model_config

    return read_model_config(folder)


def _published(entry: Entry | None) -> list[tuple[str, str]]:
    if entry is None:
        return []
    rates = [
        ("error rate" if not index else "", text) for index, text in enumerate(rates_of(entry))
    ]
    note = [("", entry.note)] if entry.note else []
    return [
        ("language", f"{entry.language}, {entry.units}"),
        ("download", f"{entry.megabytes} MB"),
        ("licence", entry.licence),
        *rates,
        *note,
    ]


def _described(config: ModelConfig) -> list[tuple[str, str]]:
    encoder, decoder = config.encoder, config.decoder
    block = encoder.block
    upper = encoder.upper
    further = "" if upper is None else f", {encoder.upper_blocks} more of {upper.width} above"
    layers = [
        ("units", str(config.vocabulary)),
        ("features", f"{config.features.mel_bins} log-mel bins, 25 ms every 10 ms"),
        (
            "encoder",
            f"{encoder.blocks} blocks of {block.width}, {block.heads} heads, kernel"
            f" {block.kernel_size}, feed-forward {block.ffn_width}, {encoder.subsampling}{further}",
        ),
    ]
    if decoder is None:
        return layers
    reverse = f" and {decoder.reverse_blocks} from the end" if decoder.reverse_blocks else ""
    return [*layers, ("decoder", f"{decoder.blocks} blocks of {decoder.width}{reverse}")]


def _sized(size: ModelSize) -> list[tuple[str, str]]:
    parts = ", ".join(f"{name} {count / 1e6:.1f} M" for name, count in size.parts)
    rate = f"{size.ctc_rate:.4g} a second to CTC, {size.memory_rate:.4g} to the decoder"
    return [
        ("parameters", f"{size.parameters / 1e6:.1f} M: {parts}"),
        (
            "weights",
            f"{_mega(size.fp32_bytes)} fp32, {_mega(size.fp16_bytes)} fp16 or bf16,"
            f" {_mega(size.int8_bytes)} with int8 matrices",
        ),
        (
            "one stream",
            f"{_mega(size.bounded_state_bytes)} with 4 chunks of 640 ms behind it,"
            f" {_mega(size.whole_state_bytes)} with 10 s (fp32)",
        ),
        ("frames", rate),
    ]


def _mega(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
