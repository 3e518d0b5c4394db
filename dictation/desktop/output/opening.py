"""From a session's ranked routes to an open output, and what the doctor says of them."""

from dictation.checks import Check
from dictation.desktop.environment import Environment
from dictation.desktop.focus import open_focus
from dictation.desktop.output.base import CLIPBOARD_ROUTE, Output, OutputSettings, Route
from dictation.desktop.output.choosing import Means, find_programs, rank_routes
from dictation.desktop.output.clipboard import ClipboardCopy, copy_with_pyperclip
from dictation.desktop.output.relay import Relay
from dictation.errors import DictationError


def find_means(env: Environment) -> Means:
    """Look for what the routes need."""
    return Means(programs=find_programs())


def open_output(env: Environment, settings: OutputSettings) -> Output:
    """The output of this session. Raises DisplayError when its display cannot be opened."""
    ranked = rank_routes(env, settings, find_means(env))
    routes: list[Route] = []
    clipboard = ClipboardCopy(copy_with_pyperclip)
    if env.x11:
        from dictation.desktop.output.desk import X11Desk
        from dictation.desktop.output.x11 import X11Paste

        paste = X11Paste(X11Desk(env.display, settings))
        clipboard = ClipboardCopy(paste.copy)
        routes.append(paste)
    if any(route.name == CLIPBOARD_ROUTE and route.usable for route in ranked) and not env.x11:
        routes.append(clipboard)
    return Relay(routes, (), clipboard, settings, open_focus(env), lambda: False)


def check_output(env: Environment, settings: OutputSettings) -> Check:
    """Whether texts can be delivered here, and what to install where they cannot."""
    ranked = rank_routes(env, settings, find_means(env))
    best = next((route for route in ranked if route.usable), None)
    if best is None:
        return Check("output", "failed", ranked[0].reason, ranked[0].remedy)
    if env.x11:
        return _check_x11(env, best.reason)
    if best.name == CLIPBOARD_ROUTE and env.platform == "linux":
        return Check("output", "warning", best.reason)
    return Check("output", "ok", best.reason)


def _check_x11(env: Environment, reason: str) -> Check:
    from dictation.desktop.x11 import open_display

    try:
        display = open_display(env.display)
    except DictationError as error:
        return Check("output", "failed", str(error), "start it in a desktop session")
    has_xtest = display.has_extension("XTEST")
    display.close()
    if not has_xtest:
        return Check(
            "output",
            "failed",
            "the X server has no XTEST extension",
            "start it with +extension XTEST",
        )
    return Check("output", "ok", reason)
