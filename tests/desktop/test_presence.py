"""Locks, sleep and shutdown, told by services that speak as logind and a screen saver do."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from dbus_fast import Message, Variant

from dictation.desktop.environment import Environment
from dictation.desktop.presence import LOGIN, LOGIN_PATH, PresenceWatch
from tests.buses import Service, private_bus
from tests.xsession import wait_until

SESSION = f"{LOGIN_PATH}/session/_32"
OTHER = f"{LOGIN_PATH}/session/_33"
USER = f"{LOGIN_PATH}/user/_1000"


class Login(Service):
    """systemd-logind with two sessions of one user."""

    name = LOGIN

    @property
    def methods(self) -> dict[str, Callable[[Message], tuple[str, list[Any]]]]:
        return {
            f"{LOGIN}.Manager.GetSession": lambda message: ("o", [SESSION]),
            f"{LOGIN}.Manager.GetUser": lambda message: ("o", [USER]),
            "org.freedesktop.DBus.Properties.Get": lambda message: (
                "v",
                [Variant("(so)", ["2", SESSION])],
            ),
        }

    def hint(self, locked: bool, session: str = SESSION) -> None:
        changed = {"LockedHint": Variant("b", locked)}
        member = "org.freedesktop.DBus.Properties.PropertiesChanged"
        self.signal(session, member, "sa{sv}as", f"{LOGIN}.Session", changed, [])


class ScreenSaver(Service):
    name = "org.freedesktop.ScreenSaver"
    methods = {}  # noqa: RUF012 (what it answers: nothing)


@pytest.fixture
def bus() -> Iterator[str]:
    with private_bus() as address:
        yield address


@pytest.fixture
def login(bus: str) -> Iterator[Login]:
    with Login(bus) as service:
        yield service


@pytest.fixture
def env(bus: str) -> Environment:
    return Environment("linux", system_bus=bus, session_id="2")


@pytest.fixture
def watched() -> Iterator[Callable[[Environment], list[str]]]:
    watches = []

    def watch(env: Environment) -> list[str]:
        told: list[str] = []
        watches.append(PresenceWatch(env, told.append))
        watches[-1].start()
        return told

    yield watch
    for each in watches:
        each.close()


def test_a_lock_of_this_session_is_told_and_not_that_of_another(login, env, watched):
    told = watched(env)
    login.signal(OTHER, f"{LOGIN}.Session.Lock", "")
    login.hint(True, OTHER)
    login.signal(SESSION, f"{LOGIN}.Session.Lock", "")
    login.signal(SESSION, f"{LOGIN}.Session.Unlock", "")
    wait_until(lambda: told == ["locked", "unlocked"], "the lock and its end")


def test_the_hint_of_a_locker_is_as_good(login, env, watched):
    told = watched(env)
    login.hint(True)
    login.hint(False)
    wait_until(lambda: told == ["locked", "unlocked"], "the lock and its end")


def test_sleep_and_shutdown_are_told(login, env, watched):
    told = watched(env)
    for asleep in (True, False):
        login.signal(LOGIN_PATH, f"{LOGIN}.Manager.PrepareForSleep", "b", asleep)
    login.signal(LOGIN_PATH, f"{LOGIN}.Manager.PrepareForShutdown", "b", True)
    wait_until(lambda: told == ["sleeps", "awake", "shutdown"], "sleep and shutdown")


def test_a_service_without_a_session_of_its_own_watches_the_one_the_user_sits_at(
    login, env, watched
):
    told = watched(replace(env, session_id=None))
    login.signal(SESSION, f"{LOGIN}.Session.Lock", "")
    wait_until(lambda: told == ["locked"], "the lock")
    assert login.called("GetSession") == []


@pytest.mark.parametrize("interface", ["org.freedesktop.ScreenSaver", "org.gnome.ScreenSaver"])
def test_a_screen_saver_tells_of_locks_too(bus, interface, watched):
    with ScreenSaver(bus) as saver:
        told = watched(Environment("linux", session_bus=bus))
        for active in (True, False):
            saver.signal("/org/any/ScreenSaver", f"{interface}.ActiveChanged", "b", active)
        wait_until(lambda: told == ["locked", "unlocked"], "the lock and its end")


def test_without_logind_or_bus_there_is_nothing_to_tell(env, watched):
    assert watched(env) == []
    assert watched(Environment("linux", system_bus="unix:path=/nowhere")) == []
