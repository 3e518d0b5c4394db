"""Which routes a session has, best first, and why: environment in, ranked routes out."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dictation.desktop.environment import Environment
from dictation.desktop.output.base import CLIPBOARD_ROUTE, OutputSettings, RouteName

PROGRAMS = ("wl-copy", "wtype")
"""What some routes need to be installed."""


@dataclass(frozen=True, slots=True)
class Means:
    """What was found beside the environment: programs, IBus, the portal's RemoteDesktop.

    `ibus` is the address of the user's IBus, None where none runs; `clipboard` and `keyboard` are
    whether a Wayland compositor lets us own the one and press the other.
    """

    programs: frozenset[str] = frozenset()
    ibus: str | None = None
    portal: bool = False
    clipboard: bool = False
    keyboard: bool = False


@dataclass(frozen=True, slots=True)
class RankedRoute:
    """A route, whether it can be used here, and why (not); `remedy` is what would help."""

    name: RouteName
    usable: bool
    reason: str
    remedy: str = ""


def find_programs(which: Callable[[str], str | None] = shutil.which) -> frozenset[str]:
    """The programs among `PROGRAMS` that are installed."""
    return frozenset(name for name in PROGRAMS if which(name))


def rank_routes(
    env: Environment, settings: OutputSettings, means: Means
) -> tuple[RankedRoute, ...]:
    """All routes of a session, best first; with a route set, that one alone."""
    ranked = tuple(_every_route(env, means))
    if settings.route == "auto":
        return ranked
    chosen = tuple(route for route in ranked if route.name == settings.route)
    return chosen or (
        RankedRoute(
            CLIPBOARD_ROUTE,
            False,
            f'output.route is "{settings.route}", which this session does not have',
            'set output.route to "auto"',
        ),
    )


def _every_route(env: Environment, means: Means) -> Iterator[RankedRoute]:
    if env.platform == "linux" and (env.x11 or env.wayland):
        yield _ibus(means)
    if env.x11:
        yield RankedRoute("x11", True, f"paste on the X display {env.display}")
        yield RankedRoute("xtest", True, "type where a paste is not taken")
    elif env.wayland:
        yield _wayland(env, means)
        yield _wtype(means)
        if not means.keyboard:  # where keys can be pressed without asking, nobody is asked
            yield _portal(means)
    elif env.platform in ("windows", "macos"):
        yield RankedRoute(env.platform, True, "type; never tried on a real one")
    yield _clipboard(env, means)


def _ibus(means: Means) -> RankedRoute:
    if means.ibus is None:
        return RankedRoute(
            "ibus",
            False,
            "IBus does not run: no words at the cursor while they are spoken",
            "sudo apt install ibus ibus-gtk3, then log in again",
        )
    return RankedRoute("ibus", True, "IBus: words at the cursor while they are spoken")


def _wayland(env: Environment, means: Means) -> RankedRoute:
    if means.clipboard and means.keyboard:
        return RankedRoute("wayland", True, f"paste on {env.wayland_display}")
    what = "press keys" if means.clipboard else "own the clipboard"
    return RankedRoute(
        "wayland",
        False,
        f"this compositor does not let programs {what}",
        "use IBus, or paste what is copied",
    )


def _wtype(means: Means) -> RankedRoute:
    if not means.keyboard:
        return RankedRoute(
            "wtype", False, "this compositor does not let programs press keys", "use IBus"
        )
    if "wtype" not in means.programs:
        return RankedRoute("wtype", False, "wtype is missing", "sudo apt install wtype")
    return RankedRoute("wtype", True, "type in terminals where a paste is not taken")


def _portal(means: Means) -> RankedRoute:
    if not means.portal:
        return RankedRoute(
            "portal",
            False,
            "the desktop portal does not offer to press keys (RemoteDesktop)",
            "install the portal of your desktop: xdg-desktop-portal-gnome or -kde",
        )
    return RankedRoute("portal", True, "paste by the portal's keys; asks you once, untested")


def _clipboard(env: Environment, means: Means) -> RankedRoute:
    told = "the text is copied, you paste it"
    if env.platform != "linux" or env.x11:
        return RankedRoute(CLIPBOARD_ROUTE, True, told)
    if not env.wayland:
        return RankedRoute(
            CLIPBOARD_ROUTE, False, "there is no display", "start it in a desktop session"
        )
    if "wl-copy" not in means.programs:
        return RankedRoute(
            CLIPBOARD_ROUTE, False, "wl-copy is missing", "sudo apt install wl-clipboard"
        )
    return RankedRoute(CLIPBOARD_ROUTE, True, told)
