"""The watch over the compositor, where there is none that deserves the name."""

import socket

import pytest

from dictation.desktop.compositor import CompositorWatch
from dictation.desktop.output.wayland_wire import WaylandError


def test_without_a_compositor_its_socket_is_named(tmp_path):
    with pytest.raises(WaylandError, match="wayland-7 cannot be reached"):
        CompositorWatch(tmp_path / "wayland-7", pytest.fail)


def test_one_that_never_answers_is_not_waited_for_for_ever(tmp_path):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "wayland-7"))
        silent.listen()
        with pytest.raises(WaylandError, match="does not answer"):
            CompositorWatch(tmp_path / "wayland-7", pytest.fail, patience=0.1)
