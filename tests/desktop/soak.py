"""Many random texts by every route into every program, read back exactly: `make soak`.

usage: python -m tests.desktop.soak [--count N] [--busy] [--route ROUTE] [--app APP]

Prints a line for each route and program: texts right and wrong, and how long a delivery took. Exit
status 1 when a text was wrong. `--busy` keeps every core busy meanwhile.
"""

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from dictation.desktop.environment import read_environment
from dictation.desktop.output import DeliveryError, OutputSettings, open_output
from dictation.desktop.output.wording import on_one_line
from tests.desktop import apps, sway
from tests.desktop.ibus import ibus_desktop
from tests.desktop.texts import random_texts
from tests.xsession import XSession, xsession

_PATIENCE, _RESTORED = 20.0, 0.55


@dataclass(frozen=True)
class Place:
    """A route, a program, the desktop they are on, and whether the program has lines."""

    route: str
    app: str
    desktop: Callable[[], AbstractContextManager[XSession]]
    open: Callable[[XSession], AbstractContextManager[Any]]
    lines: bool


def places() -> Iterator[Place]:
    for route, desktop in (("x11", xsession), ("xtest", xsession), ("ibus", ibus_desktop)):
        for name, app in apps.APPS.items():
            yield Place(route, name, desktop, app, lines=name != "tk")
    for name, app in (("foot", sway.foot), ("chromium-wayland", sway.chromium)):
        yield Place("wayland", name, sway.sway_desktop, app, lines=True)
    yield Place("wtype", "foot", sway.sway_desktop, sway.foot, lines=True)


def soak(place: Place, count: int) -> bool:
    """Deliver so many texts and print how they fared; whether all were right."""
    seconds: list[float] = []
    wrong = 0
    with place.desktop() as session:
        output = open_output(read_environment(session.env, "linux"), OutputSettings(place.route))
        with place.open(session) as app:
            expected = app.text()
            terminal = place.app in ("xterm", "foot")
            for text in random_texts(count, seed=count, lines=place.lines):
                try:
                    seconds.append(output.commit(text, app.window).seconds)
                except DeliveryError as error:
                    print(f"  {place.route} {place.app}: {error}", file=sys.stderr)
                if place.route in ("x11", "wayland"):
                    time.sleep(_RESTORED)  # nobody speaks before the clipboard is back
                expected += on_one_line(text) if terminal else text
                deadline = time.monotonic() + _PATIENCE
                while (found := app.text()) != expected and time.monotonic() < deadline:
                    time.sleep(0.02)
                if found != expected:
                    wrong += 1
                    print(
                        f"  {place.route} {place.app}: {text!r} gave {found[-80:]!r}",
                        file=sys.stderr,
                    )
                    expected = found
        output.close()
    ordered = sorted(seconds) or [0.0]
    middle, late = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    print(
        f"{place.route:<9}{place.app:<18}{count - wrong:>5} right {wrong:>4} wrong"
        f"   p50 {middle * 1000:6.0f} ms   p95 {late * 1000:6.0f} ms",
        flush=True,
    )
    return wrong == 0


@contextmanager
def busy(wanted: bool) -> Iterator[None]:
    """Keep every core that is ours busy."""
    cores = len(os.sched_getaffinity(0)) if wanted else 0
    burners = [multiprocessing.Process(target=_burn, daemon=True) for _ in range(cores)]
    for burner in burners:
        burner.start()
    try:
        yield
    finally:
        for burner in burners:
            burner.terminate()
            burner.join()


def _burn() -> None:
    while True:
        sum(range(10_000))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--route")
    parser.add_argument("--app")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as state, busy(asked.busy):
        os.environ["XDG_STATE_HOME"] = state
        right = [
            soak(place, asked.count)
            for place in places()
            if asked.route in (None, place.route) and asked.app in (None, place.app)
        ]
    sys.exit(0 if all(right) else 1)


if __name__ == "__main__":
    main()
