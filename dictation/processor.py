"""The processor of this machine."""

import platform
from collections.abc import Sequence
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")


def processor_name() -> str:
    """Name the processor as its maker does."""
    return _info("model name") or platform.processor() or platform.machine()


def processor_flags(kinds: Sequence[str]) -> tuple[str, ...]:
    """Name the instruction sets whose names begin like one of these, where the system tells."""
    flags = set(_info("flags").split())
    return tuple(sorted(flag for flag in flags if flag.startswith(tuple(kinds))))


def _info(wanted: str) -> str:
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == wanted:
            return value.strip()
    return ""
