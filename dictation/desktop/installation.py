"""Makes Dictation a part of the desktop, and takes it out again without a trace.

Sources: the Desktop Entry, Autostart, Icon Theme and Base Directory specifications of
freedesktop.org; systemd.service(5), systemd.exec(5).
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dictation.desktop import APP_ID
from dictation.desktop.tray.icons import draw_icon
from dictation.errors import DictationError

Start = Literal["service", "autostart", "none"]
"""What starts Dictation with the desktop."""

UNIT = "dictation.service"
_ICON_SIZES = (32, 48, 128, 256)


class InstallationError(DictationError):
    """Something cannot be written or removed; the message names it."""


@dataclass(frozen=True, slots=True)
class Places:
    """The user's folders for settings and for data."""

    config: Path
    data: Path

    @property
    def record(self) -> Path:
        """Where it is written down what was made."""
        return self.data / "dictation" / "installed.json"


def places(variables: Mapping[str, str], home: Path) -> Places:
    """Where this user's desktop looks."""
    return Places(
        config=Path(variables.get("XDG_CONFIG_HOME") or home / ".config"),
        data=Path(variables.get("XDG_DATA_HOME") or home / ".local" / "share"),
    )


def install(at: Places, command: Sequence[str], start: Start) -> list[Path]:
    """Write the menu entry, the icons and what starts `command`; returns all files.

    What an earlier installation made is taken away first. Raises InstallationError.
    """
    uninstall(at)
    links = {at.config / "systemd" / "user" / "graphical-session.target.wants" / UNIT: f"../{UNIT}"}
    files = _files(at, command, start)
    made = _Made(at)
    try:
        for path, content in files.items():
            made.folder(path.parent)
            path.write_bytes(content)
            made.files.append(path)
        for path, target in links.items() if start == "service" else ():
            made.folder(path.parent)
            path.symlink_to(target)
            made.files.append(path)
    except OSError as error:
        raise InstallationError(f"{error.filename}: {error.strerror}") from error
    finally:
        made.write()
    return made.files


def uninstall(at: Places) -> list[Path]:
    """Remove whatever `install` made, and no more; returns what was removed.

    Raises InstallationError.
    """
    made = _read_record(at)
    removed = []
    try:
        for path in made.files:
            if path.is_symlink() or path.exists():
                path.unlink()
                removed.append(path)
        at.record.unlink(missing_ok=True)
        for folder in sorted(made.folders, key=lambda each: len(each.parts), reverse=True):
            # Others may have put something there since.
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
    except OSError as error:
        raise InstallationError(f"{error.filename}: {error.strerror}") from error
    return removed


class _Made:
    """What an installation has made so far, files and folders."""

    def __init__(self, at: Places) -> None:
        self.files: list[Path] = []
        self.folders: list[Path] = []
        self._at = at

    def folder(self, path: Path) -> None:
        missing = [each for each in (path, *path.parents) if not each.exists()]
        path.mkdir(parents=True, exist_ok=True)
        self.folders += reversed(missing)

    def write(self) -> None:
        self.folder(self._at.record.parent)
        lists = {
            "files": [str(path) for path in self.files],
            "folders": [str(path) for path in self.folders],
        }
        self._at.record.write_text(json.dumps(lists, indent=1) + "\n", encoding="utf-8")


def _read_record(at: Places) -> _Made:
    made = _Made(at)
    try:
        lists = json.loads(at.record.read_text(encoding="utf-8"))
        made.files = [Path(name) for name in lists["files"]]
        made.folders = [Path(name) for name in lists["folders"]]
    except FileNotFoundError:
        return made
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InstallationError(
            f"{at.record}: cannot be read, so that nothing was removed: remove it and what "
            f"belongs to {APP_ID} in {at.config} and {at.data} by hand"
        ) from error
    return made


def _files(at: Places, command: Sequence[str], start: Start) -> dict[Path, bytes]:
    files = {at.data / "applications" / f"{APP_ID}.desktop": menu_entry(command).encode()}
    for size in _ICON_SIZES:
        folder = at.data / "icons" / "hicolor" / f"{size}x{size}" / "apps"
        files[folder / f"{APP_ID}.png"] = _icon(size)
    if start == "autostart":
        entry = at.config / "autostart" / f"{APP_ID}.desktop"
        files[entry] = autostart_entry(command).encode()
    if start == "service":
        files[at.config / "systemd" / "user" / UNIT] = service_unit(command).encode()
    return files


def _icon(size: int) -> bytes:
    picture = io.BytesIO()
    draw_icon("listening", None, size).save(picture, format="PNG")
    return picture.getvalue()


_ENTRY = """\
[Desktop Entry]
Type=Application
Name=Dictation
Name[zh_CN]=听写
Comment=Speak Mandarin, English or both into any window
Comment[zh_CN]=把中文、英文或中英混合的话说进任何窗口
Icon={icon}
"""


def menu_entry(command: Sequence[str]) -> str:
    """The entry of the desktop's menu, with actions for the running daemon."""
    run = _exec(command)
    return _ENTRY.format(icon=APP_ID) + (
        f"Exec={run} run\nTerminal=false\nCategories=Utility;Accessibility;\n"
        "Keywords=speech;voice;dictate;听写;语音;\nActions=toggle;settings;\n\n"
        "[Desktop Action toggle]\nName=Start or stop\nName[zh_CN]=开始或停止\n"
        f"Exec={run} toggle\n\n"
        f"[Desktop Action settings]\nName=Settings\nName[zh_CN]=设置\nExec={run} settings\n"
    )


def autostart_entry(command: Sequence[str]) -> str:
    """What starts the daemon with a desktop that has no systemd."""
    return _ENTRY.format(icon=APP_ID) + (
        f"Exec={_exec(command)} run\nTerminal=false\nNoDisplay=true\n"
        "X-GNOME-Autostart-enabled=true\n"
    )


def service_unit(command: Sequence[str]) -> str:
    """The systemd unit of the user.

    The restrictions are those that a user's own service manager can make without namespaces: no
    privileges gained, no internet, no strange system calls. X, Wayland, D-Bus and sound are Unix
    sockets. Memory that is written and run must stay allowed: torch and ctypes make code.
    """
    return f"""\
[Unit]
Description=Dictation: speak Mandarin, English or both into any window
PartOf=graphical-session.target
After=graphical-session.target pipewire-pulse.service pulseaudio.service

[Service]
Type=notify
ExecStart={_exec(command)} run
Restart=on-failure
RestartSec=2
WatchdogSec=60
TimeoutStartSec=60
TimeoutStopSec=20
UMask=0077
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service

[Install]
WantedBy=graphical-session.target
"""


def _exec(command: Sequence[str]) -> str:
    """A command line as both desktop entries and units read it."""
    return " ".join(_quoted(part) for part in command)


def _quoted(part: str) -> str:
    escaped = part.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    plain = (
        escaped == part and part and not any(each.isspace() or each in "'&;|<>" for each in part)
    )
    return part if plain else f'"{escaped}"'
