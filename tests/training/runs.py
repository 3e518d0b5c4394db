"""A corpus of a few seconds and the recipe of a run over it, small enough for tests."""

import io
import json
from pathlib import Path

import numpy as np
import soundfile
import torch
from rich.console import Console

from dictation.checkpoints.own import save_checkpoint
from tests.models import tiny_checkpoint

STANDSTILL = "new_rate = 1e-12\ninner_rate = 1e-12\nold_rate = 1e-12"
"""Rates at which nothing is learned."""
TEXTS = [("这个 API", "mix"), ("今天", "zh"), ("the code", "en"), ("讨论", "zh")]


def write_corpus(folder: Path) -> Path:
    """Write four recordings of a second with their manifest and return its path."""
    rng = np.random.default_rng(0)
    lines = []
    for index, (text, language) in enumerate(TEXTS):
        tone = np.sin(np.arange(16_000) * (0.05 + 0.04 * index)) * 0.3
        sound = (tone + 0.01 * rng.standard_normal(16_000)).astype(np.float32)
        soundfile.write(folder / f"{index}.wav", sound, 16_000)
        lines.append({"audio": f"{index}.wav", "text": text, "lang": language, "duration": 1.0})
    path = folder / "manifest.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return path


def write_recipe(
    folder: Path,
    manifest: Path,
    steps: int,
    *,
    out: str = "run",
    save_every: int = 1,
    tables: str = "",
    start: str = "checkpoint",
    top: str = "",
    seconds: int = 4,
) -> Path:
    """Write a configuration that trains a tiny model; `tables` and `top` are more of it."""
    if not (folder / "start").exists():
        save_checkpoint(tiny_checkpoint(), folder / "start", torch.float32)
    begin = f'checkpoint = "{folder / "start"}"' if start == "checkpoint" else start
    path = folder / f"{out}-{steps}.toml"
    path.write_text(
        f"""
        out = "{folder / out}"
        batch_seconds = {seconds}
        threads = 1
        loaders = 0
        device = "cpu"
        precision = "fp32"
        save_every = {save_every}
        {top}
        [start]
        {begin}
        [[corpus]]
        manifest = "{manifest}"
        [schedule]
        steps = {steps}
        warm_up = 3
        {tables}
        """,
        encoding="utf-8",
    )
    return path


def console() -> Console:
    """Return a console that keeps what is printed."""
    return Console(file=io.StringIO(), width=200)
