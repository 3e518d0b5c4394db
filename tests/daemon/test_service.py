"""What systemd is told, over a real notification socket."""

import socket

import pytest

from dictation.daemon.service import ServiceNotifier


@pytest.fixture(params=["file", "abstract"])
def manager(request, tmp_path):
    """The socket of a service manager, and its name as the environment gives it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        path = str(tmp_path / "notify")
        listener.bind(path if request.param == "file" else f"\0{path}")
        listener.settimeout(60)
        yield listener, path if request.param == "file" else f"@{path}"


def test_ready_and_stopping_are_told(manager):
    listener, name = manager
    notifier = ServiceNotifier({"NOTIFY_SOCKET": name}, 0.0)
    notifier.ready()
    notifier.beat(100.0)
    notifier.stopping()
    assert listener.recv(100).startswith(b"READY=1\n")
    assert listener.recv(100) == b"STOPPING=1"


def test_the_watchdog_is_fed_often_enough_and_not_at_every_turn(manager):
    listener, name = manager
    notifier = ServiceNotifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "60000000"}, 0.0)
    fed = []
    for second in range(121):
        notifier.beat(float(second))
        listener.setblocking(False)
        try:
            fed.append((second, listener.recv(100)))
        except BlockingIOError:
            continue
    assert fed == [(second, b"WATCHDOG=1") for second in range(20, 121, 20)]


def test_without_a_manager_nothing_is_sent():
    notifier = ServiceNotifier({}, 0.0)
    notifier.ready()
    notifier.beat(1e9)
    notifier.stopping()


def test_a_manager_that_is_gone_is_no_error(tmp_path):
    ServiceNotifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}, 0.0).ready()
