"""The caption on Wayland compositors with wlr-layer-shell (sway, Hyprland, KDE, ...)."""

import json
import logging
import os
import select
import subprocess
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dictation.desktop.captions.base import CaptionSettings, CaptionView, NoCaptions
from dictation.desktop.captions.layout import clock_face, loudness
from dictation.desktop.captions.look import DARK, LIGHT
from dictation.desktop.captions.words import pill_text, split_text, status_text
from dictation.desktop.environment import Environment
from dictation.errors import DictationError

SYSTEM_PYTHON = Path("/usr/bin/python3")
_CHILD = Path(__file__).with_name("layer_child.py")
_START_SECONDS = 5.0
_BARS = 20
_LONGEST = 600
"""Characters of a text that are handed over: more than any caption shows."""

_log = logging.getLogger(__name__)


class LayerShellError(DictationError):
    """The caption cannot be shown this way; the message says why."""


class LayerShellCaptions:
    """A child process with the layer surface; fed without ever waiting for it.

    Raises LayerShellError where the compositor or the system's Python lacks something.
    """

    kind = "a layer of the compositor"
    moving = False

    def __init__(self, env: Environment, settings: CaptionSettings, *, dark: bool) -> None:
        self._palette = DARK if dark else LIGHT
        self._loop = NoCaptions()
        self._levels: deque[float] = deque([0.0] * _BARS, _BARS)
        self._live = False
        self._child = _start(env)
        os.set_blocking(self._pipe, False)
        self._send(
            {
                "family": "Noto Sans CJK SC, sans-serif",
                "font_size": settings.font_size,
                "width": settings.width,
                "lines": settings.lines,
                "top": settings.position == "top",
                "monitor": settings.monitor,
                "card": self._palette.card,
                "edge": self._palette.edge,
                "quiet": self._palette.quiet,
                "unstable": self._palette.unstable,
                "pill": self._palette.pill_text,
            }
        )
        self._await_ready()

    def show(self, view: CaptionView) -> None:
        """Show a view, or replace the one that is shown."""
        palette = self._palette
        stable, unstable, waiting = split_text(view)
        live = view.stage in ("listening", "partial")
        if live and not self._live:
            self._levels.extend([0.0] * _BARS)
        self._live = live
        colour = palette.error if view.stage == "error" else palette.text
        shown = {
            "stable": stable[-_LONGEST:],
            "unstable": unstable[-_LONGEST:],
            "colour": palette.quiet if waiting else colour,
            "status": status_text(view),
            "dot": palette.stages[view.stage],
            "pill": pill_text(view),
            "pill_colour": palette.languages[view.language] if view.language else "",
            "live": live,
        }
        self._send({"show": shown})

    def meter(self, level: float, seconds: float) -> None:
        """Move the meter on by one bar, and the clock."""
        self._levels.append(round(loudness(level), 2))
        self._send({"meter": [list(self._levels), clock_face(seconds)]})

    def hide(self) -> None:
        """Let the caption fade away; the child does so by itself."""
        self._live = False
        self._send({"hide": True})

    def run(self, poll: Callable[[], None], interval_ms: int) -> None:
        """Call `poll` again and again until `stop`."""
        self._loop.run(poll, interval_ms)

    def stop(self) -> None:
        """End `run`; may be called from `poll`."""
        self._loop.stop()

    def close(self) -> None:
        """End the child."""
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._child.wait(2)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    @property
    def _pipe(self) -> int:
        assert self._child.stdin is not None
        return self._child.stdin.fileno()

    def _send(self, order: dict[str, Any]) -> None:
        line = json.dumps(order, ensure_ascii=False).encode() + b"\n"
        try:
            # A line is shorter than PIPE_BUF, so that it goes whole or not at all.
            os.write(self._pipe, line)
        except BlockingIOError:
            pass  # the child is busy; the next view replaces this one
        except (BrokenPipeError, ValueError):
            if self._child.poll() is not None:
                _log.debug("the caption's process has ended")

    def _await_ready(self) -> None:
        assert self._child.stdout is not None
        readable, _, _ = select.select([self._child.stdout], [], [], _START_SECONDS)
        said = self._child.stdout.readline().decode().strip() if readable else "no answer"
        if said != "ready":
            self.close()
            raise LayerShellError(said or _MISSING)


_MISSING = (
    "python3-gi, python3-gi-cairo and gir1.2-gtklayershell-0.1 are needed for captions on Wayland"
)


def _start(env: Environment) -> "subprocess.Popen[bytes]":
    given = {"WAYLAND_DISPLAY": env.wayland_display, "XDG_RUNTIME_DIR": env.runtime_dir}
    variables = {name: str(value) for name, value in given.items() if value is not None}
    try:
        return subprocess.Popen(
            [SYSTEM_PYTHON, "-E", "-s", _CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={**os.environ, **variables, "GDK_BACKEND": "wayland"},
        )
    except OSError as error:
        raise LayerShellError(f"{SYSTEM_PYTHON}: {error.strerror}") from error
