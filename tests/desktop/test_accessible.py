"""What the accessibility bus tells of real GTK programs, and what is done with it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dictation.desktop.accessible import Accessibility
from dictation.desktop.environment import Environment, read_environment
from dictation.desktop.output import OutputSettings, UndoError, open_output
from dictation.desktop.output.base import ProtectedFieldError
from tests.desktop.apps import mousepad, password_entry, tk_entry
from tests.hands import Hands
from tests.xsession import XSession, require, wait_until, xsession

_LAUNCHER = Path("/usr/libexec/at-spi-bus-launcher")
PASTE = OutputSettings(route="x11", settle_seconds=0.12)


@pytest.fixture(scope="module")
def desktop() -> Iterator[XSession]:
    if not _LAUNCHER.exists():
        require("at-spi2-core")
    with xsession() as session:
        del session.env["NO_AT_BRIDGE"]
        session.spawn([str(_LAUNCHER), "--launch-immediately"])
        wait_until(lambda: session.bus_has("org.a11y.Bus"), "the accessibility bus")
        yield session


@pytest.fixture
def env(desktop: XSession) -> Environment:
    return read_environment(desktop.env, "linux")


def test_a_password_field_gets_no_paste_unless_allowed(desktop: XSession, env: Environment) -> None:
    output = open_output(env, PASTE)
    with password_entry(desktop, "hidden") as app:
        with pytest.raises(ProtectedFieldError, match="password"):
            output.commit("secret", app.window)
        assert app.text() == ""
        allowing = open_output(env, OutputSettings(route="x11", passwords=True))
        allowing.commit("secret", app.window)
        wait_until(lambda: app.text() == "secret", "the password")
        allowing.close()
    output.close()


def test_any_text_is_taken_back_where_it_can_be_seen(desktop: XSession, env: Environment) -> None:
    output = open_output(env, PASTE)
    with mousepad(desktop) as app:
        output.commit("今天 ok", app.window)
        wait_until(lambda: app.text() == "今天 ok", "the first text")
        output.commit("两行\nemoji 👍🏽 naïve", app.window)
        output.undo_last()
        wait_until(lambda: app.text() == "今天 ok", "the second text to go")
    output.close()


def test_a_program_that_has_changed_the_text_itself_is_left_alone(
    desktop: XSession, env: Environment
) -> None:
    output = open_output(env, PASTE)
    accessibility = Accessibility(env.session_bus)
    with mousepad(desktop) as app:
        output.commit("今天 ok", app.window)
        field = wait_until(
            lambda: (now := accessibility.focused(app.window.pid)) and now.text and now, "the text"
        )
        assert (field.before, field.secret) == ("今天 ok", False)
        assert accessibility.delete(field, 1)
        with pytest.raises(UndoError, match="something else"):
            output.undo_last()
        wait_until(lambda: app.text() == "今天 o", "the text without its last letter")
    output.close()


def test_nothing_is_known_of_a_program_that_is_not_on_the_bus(
    desktop: XSession, env: Environment
) -> None:
    with tk_entry(desktop) as app, Hands(desktop.display):
        assert Accessibility(env.session_bus).focused(app.window.pid) is None
    assert Accessibility(None).focused(1) is None
    assert Accessibility("unix:path=/nowhere").focused(1) is None
