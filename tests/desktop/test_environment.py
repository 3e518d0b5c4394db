"""What is read of the session we run in."""

from dataclasses import replace
from pathlib import Path

import pytest

from dictation.desktop.environment import Environment, read_environment


def test_an_x11_session_is_recognised() -> None:
    env = read_environment({"DISPLAY": ":0", "XDG_SESSION_TYPE": "x11", "LANG": "C"}, "linux")
    assert env.x11
    assert not env.wayland


@pytest.mark.parametrize(
    "variables",
    [
        {"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"},
        {"XDG_SESSION_TYPE": "Wayland"},
    ],
)
def test_a_wayland_session_is_no_x11_session_even_with_xwayland(variables: dict[str, str]) -> None:
    env = read_environment(variables, "linux")
    assert env.wayland
    assert not env.x11


def test_empty_variables_count_as_missing() -> None:
    env = read_environment({"DISPLAY": "", "WAYLAND_DISPLAY": "", "LANG": ""}, "linux")
    assert replace(env, system_bus=None) == Environment("linux")


def test_the_bus_is_found_at_its_usual_place(tmp_path: Path) -> None:
    assert read_environment({"XDG_RUNTIME_DIR": str(tmp_path)}, "linux").session_bus is None
    (tmp_path / "bus").touch()
    env = read_environment({"XDG_RUNTIME_DIR": str(tmp_path)}, "linux")
    assert env.session_bus == f"unix:path={tmp_path}/bus"


@pytest.mark.parametrize(("name", "platform"), [("win32", "windows"), ("darwin", "macos")])
def test_other_platforms(name: str, platform: str) -> None:
    assert read_environment({}, name).platform == platform


def test_messages_have_their_own_locale() -> None:
    chinese = read_environment({"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "linux")
    assert chinese.locale == "zh_CN.UTF-8"
