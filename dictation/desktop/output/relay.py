"""The routes of a session, best first: the next one steps in when one cannot serve or has failed.

Also what holds whatever the route: where a text goes when the focus has moved, what a program's
own rules say, and that password fields get nothing.
"""

from collections.abc import Callable, Sequence

from dictation.desktop.applications import ApplicationRule, rule_for
from dictation.desktop.focus import FocusFinder, Window
from dictation.desktop.output.base import (
    CLIPBOARD_ROUTE,
    Capabilities,
    DeliveryError,
    FocusMovedError,
    NotArrivedError,
    OutputSettings,
    ProtectedFieldError,
    Receipt,
    Route,
    RouteUnfitError,
    UndoError,
)
from dictation.desktop.output.wording import worded

NO_WINDOW = "no window has the focus; click into one and try again"


class Relay:
    """Delivers by the first route that serves.

    `special` routes serve only the programs whose rules name them. `focus` looks up the focused
    window (None where it cannot be known), `protected` whether a password field in it has
    the focus, as far as anybody can tell.
    """

    name = "relay"

    def __init__(
        self,
        routes: Sequence[Route],
        special: Sequence[Route],
        clipboard: Route,
        settings: OutputSettings,
        focus: FocusFinder,
        protected: Callable[[Window | None], bool],
    ) -> None:
        self._routes = tuple(routes)
        self._special = tuple(special)
        self._clipboard = clipboard
        self._settings = settings
        self._focus = focus
        self._protected = protected
        self._showing: Route | None = None
        self._last: tuple[Route, Window | None] | None = None

    @property
    def capabilities(self) -> Capabilities:
        """What the routes can do together."""
        can = [route.capabilities for route in self._routes]
        return Capabilities(
            partials=any(each.partials for each in can),
            verified=any(each.verified for each in can),
            undo=any(each.undo for each in can),
        )

    def show_partial(self, text: str, target: Window | None) -> None:
        """Show the text by a route that can, if the target still has the focus."""
        if not text:
            self._clear_partial()
            return
        if not self._settings.preedit:
            return
        window = self._focus()
        if target is not None and (window is None or window.id != target.id):
            self._clear_partial()
            return
        for route in self._routes_for(self._rule(window)):
            if route.capabilities.partials:
                self._showing = route
                route.show_partial(text, window)
                return

    def commit(self, text: str, target: Window | None) -> Receipt:
        """Deliver to the target, or as the settings say when it has lost the focus."""
        window = self._focus()
        moved = target is not None and (window is None or window.id != target.id)
        if moved:
            self._clear_partial()
            if self._settings.on_focus_change == "clipboard":
                return self._clipboard.commit(text, None)
            if self._settings.on_focus_change == "hold":
                raise FocusMovedError(_moved(target, window))
        if not self._settings.passwords and self._protected(window):
            self._clear_partial()
            raise ProtectedFieldError("a password field has the focus, so the text was not sent")
        rule = self._rule(window)
        name = window.wm_class if window else ""
        return self._by_the_first(
            self._routes_for(rule), worded(text, self._settings, rule, name), window
        )

    def undo_last(self) -> None:
        """Take the last text back by the route that brought it."""
        if self._last is None:
            raise UndoError("there is no text to take back")
        route, window = self._last
        focused = self._focus()
        if window is not None and (focused is None or focused.id != window.id):
            raise UndoError("another window has the focus now")
        route.undo_last()
        self._last = None

    def copy(self, text: str) -> None:
        """Leave a text in the clipboard."""
        self._clipboard.commit(text, None)

    def close(self) -> None:
        """Close every route."""
        for route in (*self._routes, *self._special):
            route.close()
        self._clipboard.close()
        self._focus.close()

    def _by_the_first(self, routes: Sequence[Route], text: str, window: Window | None) -> Receipt:
        failed = False
        error = DeliveryError("there is no way into this window; set output.route")
        for route in routes:
            if self._showing is not route:
                self._clear_partial()
            try:
                receipt = route.commit(text, window)
            except RouteUnfitError as unfit:
                error = unfit
                continue
            except NotArrivedError as not_arrived:
                error = not_arrived
                if failed:
                    break
                failed = True
                continue
            finally:
                self._clear_partial()
            self._last = (route, window)
            return receipt
        self._last = None
        raise error

    def _clear_partial(self) -> None:
        if self._showing is not None:
            self._showing.show_partial("", None)
            self._showing = None

    def _rule(self, window: Window | None) -> ApplicationRule:
        return rule_for(self._settings.applications, window.wm_class if window else "")

    def _routes_for(self, rule: ApplicationRule) -> tuple[Route, ...]:
        """The routes to try in a program: the one its rule names, else all."""
        if rule.route is None:
            return self._routes
        if rule.route == CLIPBOARD_ROUTE:
            return (self._clipboard,)
        return tuple(route for route in (*self._routes, *self._special) if route.name == rule.route)


def _moved(target: Window | None, window: Window | None) -> str:
    if target is None or window is None:
        return NO_WINDOW
    return (
        f'the focus has moved from "{target.title or target.wm_class}" to '
        f'"{window.title or window.wm_class}", so the text was not sent'
    )
