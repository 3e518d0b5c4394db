"""A private Wayland desktop for tests: sway without a screen, photographed with grim."""

import io
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.xsession import require, wait_until

_CONFIG = """\
xwayland disable
output HEADLESS-1 resolution {size} bg #203040 solid_color
default_border none
focus_follows_mouse no
"""
_USER = 1000
_FOREIGN = ("DISPLAY", "WAYLAND", "XDG_", "DBUS_", "PULSE_", "GTK_", "QT_", "SWAY")


@dataclass
class WaylandSession:
    """A running desktop; `env` is the environment for programs that live on it."""

    env: dict[str, str]
    folder: Path
    _children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def spawn(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a program on this desktop; it is ended with the session at the latest."""
        child = subprocess.Popen(
            list(command), env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self._children.append(child)
        return child

    def message(self, *arguments: str) -> Any:
        """Ask sway with swaymsg, and return its answer."""
        done = subprocess.run(
            ["swaymsg", "--raw", *arguments], env=self.env, capture_output=True, timeout=60,
            check=True,
        )  # fmt: skip
        return json.loads(done.stdout)

    def windows(self) -> list[dict[str, Any]]:
        """The windows with their app ids, titles, places and who has the focus."""

        def below(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
            if node.get("app_id"):
                yield node
            for child in (*node["nodes"], *node["floating_nodes"]):
                yield from below(child)

        return list(below(self.message("-t", "get_tree")))

    def focused(self) -> str | None:
        """The title of the window that has the focus."""
        return next((window["name"] for window in self.windows() if window["focused"]), None)

    def click(self, x: int, y: int) -> None:
        """Move the pointer there and press its first button."""
        for order in (f"set {x} {y}", "press button1", "release button1"):
            self.message("seat", "-", "cursor", *order.split())

    def picture(self) -> Image.Image:
        """What the screen shows."""
        done = subprocess.run(
            [require("grim"), "-"], env=self.env, capture_output=True, timeout=60, check=True
        )
        return Image.open(io.BytesIO(done.stdout)).convert("RGB")

    def colours(self) -> NDArray[np.uint32]:
        """The screen's pixels as 0xRRGGBB, rows first."""
        pixels = np.asarray(self.picture()).astype(np.uint32)
        return pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]

    def close(self) -> None:
        """End everything that was started here, the newest first."""
        for child in reversed(self._children):
            child.terminate()
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


@contextmanager
def wayland_session(size: str = "1024x600") -> Iterator[WaylandSession]:
    """Run sway; skips the test where it, swaymsg or grim is missing."""
    for program in ("sway", "swaymsg", "grim"):
        require(program)
    with tempfile.TemporaryDirectory(prefix="dictation-w-") as name:
        folder = Path(name)
        (folder / "sway.conf").write_text(_CONFIG.format(size=size))
        base = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
        env = {
            **base, "HOME": name, "XDG_RUNTIME_DIR": name, "WLR_BACKENDS": "headless",
            "WLR_RENDERER": "pixman", "WLR_LIBINPUT_NO_DEVICES": "1", "LANG": "C.UTF-8",
            "XDG_SESSION_TYPE": "wayland", "XDG_CURRENT_DESKTOP": "sway",
        }  # fmt: skip
        session = WaylandSession(env, folder)
        try:
            # sway refuses to run as root; its clients may.
            command = ["sway", "-c", f"{folder}/sway.conf"]
            if os.getuid() == 0:
                for path in (folder, folder / "sway.conf"):
                    os.chown(path, _USER, _USER)
                command = [
                    "setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups", *command,
                ]  # fmt: skip
            folder.chmod(0o700)
            session.spawn(command)
            wait_until(lambda: list(folder.glob("wayland-?")), "sway's display")
            socket = wait_until(lambda: list(folder.glob("sway-ipc*.sock")), "sway's socket")
            session.env |= {"WAYLAND_DISPLAY": "wayland-1", "SWAYSOCK": str(socket[0])}
            wait_until(lambda: session.message("-t", "get_outputs"), "sway's screen")
            yield session
        finally:
            session.close()
