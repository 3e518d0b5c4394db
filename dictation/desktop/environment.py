"""What the session we run in looks like, as one immutable value that is passed around."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dictation.desktop.ibus_address import ibus_file

Platform = Literal["linux", "windows", "macos"]


@dataclass(frozen=True, slots=True)
class Environment:
    """The desktop session: names of its servers (None where there is none) and its language.

    `session_bus` is the D-Bus address; `ibus` the address of IBus where the environment gives it,
    `ibus_file` where IBus leaves it else; `sway` is that compositor's socket; `locale`
    the language of messages, such as "zh_CN.UTF-8".
    """

    platform: Platform
    display: str | None = None
    wayland_display: str | None = None
    session_type: str | None = None
    desktop: str | None = None
    runtime_dir: Path | None = None
    session_bus: str | None = None
    ibus: str | None = None
    ibus_file: Path | None = None
    sway: Path | None = None
    locale: str = "C"
    system_bus: str | None = None
    session_id: str | None = None

    @property
    def x11(self) -> bool:
        """Whether the windows of this session live on an X server."""
        return self.platform == "linux" and self.display is not None and not self.wayland

    @property
    def wayland(self) -> bool:
        """Whether this is a Wayland session, with or without an X server for older programs."""
        return self.platform == "linux" and (
            self.wayland_display is not None or self.session_type == "wayland"
        )

    @property
    def wayland_socket(self) -> Path | None:
        """The compositor's socket."""
        if self.wayland_display is None:
            return None
        name = Path(self.wayland_display)
        if name.is_absolute():
            return name
        return self.runtime_dir / name if self.runtime_dir else None


def read_environment(
    variables: Mapping[str, str] | None = None, platform: str = sys.platform
) -> Environment:
    """Read the session from environment variables; empty ones count as missing."""
    given = os.environ if variables is None else variables
    runtime_dir = given.get("XDG_RUNTIME_DIR") or None
    return Environment(
        platform=_platform(platform),
        display=given.get("DISPLAY") or None,
        wayland_display=given.get("WAYLAND_DISPLAY") or None,
        session_type=(given.get("XDG_SESSION_TYPE") or "").lower() or None,
        desktop=given.get("XDG_CURRENT_DESKTOP") or None,
        runtime_dir=Path(runtime_dir) if runtime_dir else None,
        session_bus=given.get("DBUS_SESSION_BUS_ADDRESS") or _usual_bus(runtime_dir),
        ibus=given.get("IBUS_ADDRESS") or None,
        ibus_file=ibus_file(given) if platform.startswith("linux") else None,
        sway=Path(given["SWAYSOCK"]) if given.get("SWAYSOCK") else None,
        system_bus=given.get("DBUS_SYSTEM_BUS_ADDRESS") or _usual_system_bus(platform),
        session_id=given.get("XDG_SESSION_ID") or None,
        locale=next((given[key] for key in _LOCALE_KEYS if given.get(key)), "C"),
    )


_LOCALE_KEYS = ("LC_ALL", "LC_MESSAGES", "LANG")


def _platform(name: str) -> Platform:
    if name == "win32":
        return "windows"
    return "macos" if name == "darwin" else "linux"


def _usual_system_bus(platform: str) -> str | None:
    return "unix:path=/run/dbus/system_bus_socket" if _platform(platform) == "linux" else None


def _usual_bus(runtime_dir: str | None) -> str | None:
    if runtime_dir is None or not (socket := Path(runtime_dir) / "bus").exists():
        return None
    return f"unix:path={socket}"
