"""`dictation install` and `dictation uninstall`: a part of the desktop, or no longer."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

from dictation.desktop.installation import (
    UNIT,
    InstallationError,
    Start,
    install,
    places,
    uninstall,
)


def install_here(wanted: str | None) -> None:
    """Install for this user and say what was made and what comes next.

    Raises InstallationError.
    """
    known: tuple[Start, ...] = get_args(Start)
    usual: Start = "service" if _has_manager() else "autostart"
    chosen = usual if wanted is None else next((each for each in known if each == wanted), None)
    if chosen is None:
        raise InstallationError(f"--start takes {', '.join(known)}, not {wanted!r}")
    for path in install(places(os.environ, Path.home()), _command(), chosen):
        print(path)
    if chosen == "service":
        _systemctl("daemon-reload")
        print(f"It starts with your desktop; now: systemctl --user start {UNIT}")
    elif chosen == "autostart":
        print("It starts with your desktop; now: dictation run")


def uninstall_here() -> None:
    """Stop the service, remove what was installed, and say what."""
    at = places(os.environ, Path.home())
    if (at.config / "systemd" / "user" / UNIT).exists():
        _systemctl("stop", UNIT)
    removed = uninstall(at)
    for path in removed:
        print(path)
    if any(path.name == UNIT for path in removed):
        _systemctl("daemon-reload")
    print("removed; settings and history stay" if removed else "nothing was installed")


def _command() -> list[str]:
    """What starts Dictation from anywhere: the script beside this Python, else the module."""
    script = Path(sys.executable).with_name("dictation")
    return [str(script)] if script.exists() else [sys.executable, "-m", "dictation"]


def _has_manager() -> bool:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return bool(runtime) and (Path(runtime or "") / "systemd").is_dir()


def _systemctl(*arguments: str) -> None:
    """Ask the user's service manager, where there is one; it reads its files at login anyway."""
    program = shutil.which("systemctl")
    if program is not None and _has_manager():
        subprocess.run(
            [program, "--user", *arguments], check=False, timeout=60, stdin=subprocess.DEVNULL
        )
