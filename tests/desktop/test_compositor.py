"""The watch over the compositor, where there is none that deserves the name."""

import socket

import pytest

from dictation.desktop.compositor import CompositorWatch
from dictation.desktop.environment import Environment
from dictation.desktop.output import OutputSettings, check_output
from dictation.desktop.output.wayland_wire import WaylandError


def test_without_a_compositor_its_socket_is_named(tmp_path):
    with pytest.raises(WaylandError, match="wayland-7 cannot be reached"):
        CompositorWatch(tmp_path / "wayland-7", pytest.fail)


def test_the_doctor_says_so_too(tmp_path):
    env = Environment("linux", wayland_display="wayland-7", runtime_dir=tmp_path)
    check = check_output(env, OutputSettings())
    assert (check.status, check.remedy) == ("failed", "start it in a desktop session")
    assert "wayland-7 cannot be reached" in check.detail


def test_one_that_never_answers_is_not_waited_for_for_ever(tmp_path):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "wayland-7"))
        silent.listen()
        with pytest.raises(WaylandError, match="does not answer"):
            CompositorWatch(tmp_path / "wayland-7", pytest.fail, patience=0.1)
