"""What was measured on this machine, so that it need not be measured at every start."""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import get_args

import platformdirs
import torch

from dictation.model.config import ModelConfig
from dictation.model.placement import Precision, fastest_on_cpu
from dictation.processor import processor_name

_WEIGHTS = (".safetensors", ".pt")


def fastest_precision(config: ModelConfig, model: Path, folder: Path | None = None) -> Precision:
    """Return the precision in which the model in a folder is fastest on this processor.

    It is measured once for each processor, PyTorch, shape and weights, and remembered in `folder`
    (None: the platform's own place for such); a file that cannot be read or written only means
    measuring again.
    """
    path = (folder or platformdirs.user_cache_path("dictation")) / "precisions.json"
    known, key = _read(path), _key(config, model)
    remembered: Precision
    for remembered in get_args(Precision):
        if known.get(key) == remembered:
            return remembered
    fastest = fastest_on_cpu(config)
    _write(path, known | {key: fastest})
    return fastest


def _key(config: ModelConfig, model: Path) -> str:
    # By size and time: reading weights through takes longer than the measurement.
    found = [path for path in sorted(model.iterdir()) if path.suffix in _WEIGHTS]
    stats = [(path.name, path.stat()) for path in found]
    weights = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]
    described = json.dumps([config.to_dict(), weights], sort_keys=True)
    digest = hashlib.sha256(described.encode()).hexdigest()[:16]
    capability = torch.backends.cpu.get_cpu_capability()
    return f"{processor_name()}, {capability}, torch {torch.__version__}, {digest}"


def _read(path: Path) -> dict[str, object]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _write(path: Path, values: dict[str, object]) -> None:
    whole = path.with_suffix(f".{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(json.dumps(values, indent=2), encoding="utf-8")
        whole.replace(path)
    except OSError:
        with suppress(OSError):
            whole.unlink()
