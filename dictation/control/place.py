"""Where the control socket lives, and the lock that says whose it is."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from dictation.errors import DictationError


class ControlError(DictationError):
    """The control socket cannot be had; the message says why."""


def control_folder(variables: Mapping[str, str] | None = None) -> Path:
    """The folder of the socket: in $XDG_RUNTIME_DIR, else in the temporary folder by user id."""
    given = os.environ if variables is None else variables
    runtime = given.get("XDG_RUNTIME_DIR")
    if runtime:
        return Path(runtime) / "dictation"
    import tempfile  # not needed by most, and every `dictation toggle` would wait for it

    return Path(tempfile.gettempdir()) / f"dictation-{os.getuid()}"


def socket_path(folder: Path) -> Path:
    """The socket in its folder."""
    return folder / "control.sock"


def make_private(folder: Path) -> None:
    """Make the folder, for this user's eyes only. Raises ControlError where that cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_owner(folder)
        folder.chmod(0o700)
    except OSError as error:
        raise ControlError(f"{folder}: cannot be made: {error.strerror}") from error


def check_owner(folder: Path) -> None:
    """Raise ControlError when somebody else's folder stands there: others can write to /tmp."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise ControlError(f"{folder} is not a folder of yours: remove it or set XDG_RUNTIME_DIR")
