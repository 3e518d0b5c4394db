"""From a session's ranked routes to an open output, and what the doctor says of them."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import assert_never

import platformdirs

from dictation.checks import Check
from dictation.desktop.accessible import Accessibility
from dictation.desktop.applications import rule_for
from dictation.desktop.environment import Environment
from dictation.desktop.focus import Window, open_focus
from dictation.desktop.ibus_address import read_ibus_address
from dictation.desktop.output.base import CLIPBOARD_ROUTE, Output, OutputSettings, Route, RouteName
from dictation.desktop.output.choosing import Means, find_programs, rank_routes
from dictation.desktop.output.clipboard import ClipboardCopy, copy_with_program
from dictation.desktop.output.macos import QuartzTyping, RealQuartz
from dictation.desktop.output.portal import PortalPaste, portal_offers_keys
from dictation.desktop.output.relay import Relay
from dictation.desktop.output.wayland import WaylandPaste
from dictation.desktop.output.wayland_desk import WaylandDesk
from dictation.desktop.output.wayland_wire import WaylandError, Wire
from dictation.desktop.output.windows import RealUser32, SendInputTyping
from dictation.desktop.output.wtype import WtypeTyping
from dictation.errors import DictationError


def find_means(env: Environment) -> Means:
    """Look for what the routes need."""
    desk = _wayland_desk(env)
    clipboard = desk is not None and desk.has_clipboard
    keyboard = desk is not None and desk.has_keyboard
    if desk is not None:
        desk.close()
    # Asking wakes the portal, so it is left alone where there is no need of it.
    portal = env.wayland and not keyboard and env.session_bus is not None
    return Means(
        programs=find_programs(),
        ibus=_ibus_now(env),
        portal=portal and portal_offers_keys(env.session_bus or ""),
        clipboard=clipboard,
        keyboard=keyboard,
    )


def _wayland_desk(env: Environment) -> WaylandDesk | None:
    if not env.wayland or env.wayland_socket is None:
        return None
    try:
        return WaylandDesk(env.wayland_socket)
    except WaylandError:
        return None


def open_output(env: Environment, settings: OutputSettings) -> Output:
    """The output of this session. Raises DisplayError when its display cannot be opened."""
    means = find_means(env)
    ranked = [route.name for route in rank_routes(env, settings, means) if route.usable]
    possible = rank_routes(env, replace(settings, route="auto"), means)
    named = {rule.route for rule in settings.applications}
    wanted = [
        route.name
        for route in possible
        if route.usable and (route.name in ranked or route.name in named)
    ]
    opened = _Opened(env, settings, wanted)
    routes = [opened.route(name) for name in ranked]
    special = [opened.route(name) for name in wanted if name not in ranked]
    accessibility = Accessibility(env.session_bus)

    def protected(window: Window | None) -> bool:
        field = accessibility.focused(window.pid if window else None)
        return field is not None and field.secret

    return Relay(routes, special, opened.clipboard, settings, open_focus(env), protected)


def _ibus_now(env: Environment) -> str | None:
    if env.ibus is not None:
        return env.ibus
    return read_ibus_address(env.ibus_file) if env.ibus_file else None


class _Opened:
    """The routes of a session; those of one X display share its desk."""

    def __init__(
        self, env: Environment, settings: OutputSettings, wanted: Sequence[RouteName]
    ) -> None:
        self._env = env
        self._settings = settings
        self._better = set(wanted) - {"ibus", "wtype", CLIPBOARD_ROUTE}
        self.clipboard = ClipboardCopy(copy_with_program)
        if env.x11:
            from dictation.desktop.output.desk import X11Desk
            from dictation.desktop.output.x11 import X11Paste

            self._desk = X11Desk(env.display, settings, Accessibility(env.session_bus))
            self._paste = X11Paste(self._desk)
            self.clipboard = ClipboardCopy(self._paste.copy, self._paste.close)
            self._nudge: Callable[[], None] | None = self._desk.tap_shift
            return
        desk = _wayland_desk(env)
        self._nudge = desk.tap_shift if desk is not None and desk.has_keyboard else None
        if desk is not None and desk.has_clipboard:
            self._wayland = WaylandPaste(desk, settings)
            self.clipboard = ClipboardCopy(self._wayland.copy, self._wayland.close)

    def route(self, name: RouteName) -> Route:
        """Open one; `name` is among those the session has."""
        match name:
            case "ibus":
                return self._ibus()
            case "x11":
                return self._paste
            case "xtest":
                from dictation.desktop.output.xtest import XtestTyping

                return XtestTyping(self._desk)
            case "wayland":
                return self._wayland
            case "wtype":
                return WtypeTyping(
                    partial(self._names, name),
                    {**os.environ, "WAYLAND_DISPLAY": str(self._env.wayland_socket)},
                )
            case "portal":
                return PortalPaste(
                    self._env.session_bus or "",
                    self.clipboard.copy,
                    self._settings,
                    platformdirs.user_state_path("dictation") / "portal-token",
                )
            case "windows":
                return SendInputTyping(RealUser32())
            case "macos":
                return QuartzTyping(RealQuartz(), self.clipboard.copy)
            case "clipboard":
                return self.clipboard
            case _:
                assert_never(name)

    def _ibus(self) -> Route:
        from dictation.desktop.output.ibus import IbusRoute
        from dictation.desktop.output.ibus_bus import EngineMemory, IbusBus

        memory = EngineMemory(platformdirs.user_state_path("dictation") / "input-engine")
        bus = IbusBus(lambda: _ibus_now(self._env), memory)
        return IbusRoute(bus, self._nudge, self._trusts_ibus, passwords=self._settings.passwords)

    def _trusts_ibus(self, window: Window | None) -> bool:
        return self._names("ibus", window) or not self._better

    def _names(self, name: RouteName, window: Window | None) -> bool:
        """Whether the settings ask for a route in a window."""
        rule = rule_for(self._settings.applications, window.wm_class if window else "")
        return name in (self._settings.route, rule.route)


def check_output(env: Environment, settings: OutputSettings) -> Check:
    """Whether texts can be delivered here, and what to install where they cannot."""
    missing = _missing_compositor(env)
    if missing is not None:
        return missing
    ranked = rank_routes(env, settings, find_means(env))
    best = next((route for route in ranked if route.usable), None)
    if best is None:
        return Check("output", "failed", ranked[0].reason, ranked[0].remedy)
    missing = _missing_xtest(env) if env.x11 else None
    if missing is not None:
        return missing
    detail = "; ".join(
        f"{'' if each.usable else 'not '}{each.name}: {each.reason}" for each in ranked
    )
    if best.name == CLIPBOARD_ROUTE and env.platform == "linux":
        remedy = next((each.remedy for each in ranked if each.remedy), None)
        return Check("output", "warning", detail, remedy)
    return Check("output", "ok", detail)


def _missing_compositor(env: Environment) -> Check | None:
    """What is wrong with the compositor, None when it can be reached."""
    if not env.wayland or env.wayland_socket is None:
        return None
    try:
        Wire(env.wayland_socket).close()
    except WaylandError as error:
        return Check("output", "failed", str(error), "start it in a desktop session")
    return None


def _missing_xtest(env: Environment) -> Check | None:
    """What is wrong with the X display, None when it can be typed on."""
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
    return None
