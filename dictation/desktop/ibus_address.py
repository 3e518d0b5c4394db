"""Where the user's IBus is (src/ibusshare.c of IBus 1.5)."""

from collections.abc import Mapping
from pathlib import Path

_MACHINE_IDS = (Path("/var/lib/dbus/machine-id"), Path("/etc/machine-id"))


def ibus_file(variables: Mapping[str, str]) -> Path | None:
    """The file in which IBus leaves its address for this session."""
    if given := variables.get("IBUS_ADDRESS_FILE"):
        return Path(given)
    machine = next((place for place in _MACHINE_IDS if place.exists()), None)
    home = variables.get("XDG_CONFIG_HOME") or _usual_config(variables)
    if machine is None or home is None:
        return None
    host, screen = "unix", variables.get("WAYLAND_DISPLAY", "")
    if not screen:
        name, _, rest = variables.get("DISPLAY", ":0").partition(":")
        host, screen = name or "unix", rest.split(".")[0]
    name = f"{machine.read_text(encoding='ascii').strip()}-{host}-{screen}"
    return Path(home) / "ibus" / "bus" / name


def read_ibus_address(file: Path) -> str | None:
    """The address of the IBus that runs now; None when none does."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    pid = values.get("IBUS_DAEMON_PID", "")
    # The file outlives its daemon.
    if not pid.isdigit() or not Path("/proc", pid).exists():
        return None
    return values.get("IBUS_ADDRESS")


def _usual_config(variables: Mapping[str, str]) -> str | None:
    home = variables.get("HOME")
    return f"{home}/.config" if home else None
