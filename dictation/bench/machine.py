"""The machine and the program that figures belong to."""

import os
import platform
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dictation.processor import processor_flags, processor_name


@dataclass(frozen=True)
class Machine:
    """Where it was measured.

    `usable_cores`: what this process may run on, of `cores`. `flags`: what of AVX-512 and AMX the
    processor has. `memory`: in GB. `load`: processes that wanted a core in the minute before (a
    busy machine gives poor figures). Both are None where the system does not say.
    `commit`: of the checkout, `-dirty` with changes, None for an installed package.
    """

    processor: str
    cores: int
    usable_cores: int
    flags: tuple[str, ...]
    memory: float | None
    load: float | None
    system: str
    python: str
    torch: str
    torchaudio: str
    dictation: str
    commit: str | None


def describe_machine() -> Machine:
    """Look at this machine; does not import torch."""
    cores = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    return Machine(
        processor=processor_name(),
        cores=cores,
        usable_cores=usable,
        flags=processor_flags(("avx512", "amx")),
        memory=_memory(),
        load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        torch=_version("torch"),
        torchaudio=_version("torchaudio"),
        dictation=_version("dictation"),
        commit=_commit(),
    )


def _memory() -> float | None:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _commit() -> str | None:
    checkout = Path(__file__).parents[2]
    if not (checkout / ".git").exists():
        return None
    command = ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
