"""Client and server over a real socket."""

import os
import signal
import socket
import stat
import sys
import threading
from concurrent.futures import Future
from pathlib import Path
from subprocess import PIPE, Popen, run
from tempfile import TemporaryDirectory

import pytest

from dictation.control.client import NotRunning, ask
from dictation.control.place import ControlError, control_folder, socket_path
from dictation.control.protocol import (
    MAX_LINE,
    DaemonStatus,
    Reply,
    Request,
    decode_reply,
    encode_request,
)
from dictation.control.server import AlreadyRunning, ControlServer


class Daemon:
    """Carries out what it is asked at once, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def answer(self, request):
        self.asked.append(request.command)
        future: Future[Reply] = Future()
        status = "listening" if request.command in ("start", "toggle") else "idle"
        future.set_result(Reply(DaemonStatus(pid=os.getpid(), status=status)))
        return future


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "dictation"


@pytest.fixture
def daemon():
    return Daemon()


@pytest.fixture
def server(daemon, folder):
    server = ControlServer(daemon.answer, folder)
    server.start()
    yield server
    server.close()


def test_a_command_reaches_the_daemon_and_its_status_comes_back(server, daemon, folder):
    assert ask("toggle", folder) == DaemonStatus(pid=os.getpid(), status="listening")
    assert ask("stop", folder).status == "idle"
    assert daemon.asked == ["toggle", "stop"]


def test_only_this_user_can_reach_the_socket(server, folder):
    assert stat.S_IMODE(server.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_is_too_open_is_closed(daemon, folder):
    folder.mkdir(mode=0o755)
    server = ControlServer(daemon.answer, folder)
    server.start()
    server.close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_another_user_is_not_answered_even_where_the_modes_would_let_him_in(daemon):
    ask_as_nobody = """
import os, socket, sys
os.setuid(65534)
with socket.socket(socket.AF_UNIX) as stranger:
    stranger.connect(sys.argv[1])
    try:
        stranger.sendall(b'{"command": "status"}\\n')
        print(stranger.recv(100))
    except ConnectionError:
        print(b"")
"""
    with TemporaryDirectory() as place:
        open_folder = Path(place) / "dictation"
        server = ControlServer(daemon.answer, open_folder)
        server.start()
        for path, mode in ((Path(place), 0o755), (open_folder, 0o755), (server.path, 0o666)):
            path.chmod(mode)
        done = run([sys.executable, "-c", ask_as_nobody, server.path], stdout=PIPE, timeout=60)
        assert ask("status", open_folder).status == "idle"
        server.close()
    assert done.stdout == b"b''\n"
    assert daemon.asked == ["status"]


def test_nobody_elses_file_is_written_through_the_lock(daemon, folder, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("content")
    folder.mkdir()
    (folder / "daemon.lock").symlink_to(precious)
    with pytest.raises(ControlError, match=str(folder)):
        ControlServer(daemon.answer, folder).start()
    assert precious.read_text() == "content"


def test_without_a_daemon_the_way_out_is_told(folder):
    with pytest.raises(NotRunning, match="start it with `dictation run`"):
        ask("toggle", folder)


def test_a_second_daemon_is_told_the_pid_of_the_first(server, daemon, folder):
    second = ControlServer(daemon.answer, folder)
    with pytest.raises(AlreadyRunning, match=f"already runs, pid {os.getpid()}"):
        second.start()
    second.close()
    assert ask("status", folder).status == "idle"


def test_a_socket_is_free_again_once_its_daemon_is_closed(daemon, folder):
    for _ in range(3):
        server = ControlServer(daemon.answer, folder)
        server.start()
        server.close()
        assert not socket_path(folder).exists()
    with pytest.raises(NotRunning):
        ask("status", folder)


DYING = """
import os, sys, pathlib, signal
from dictation.control.server import ControlServer
server = ControlServer(None, pathlib.Path(sys.argv[1]))
server.start()
print("up", flush=True)
signal.pause()
"""


def test_the_socket_of_a_daemon_that_was_killed_is_replaced(daemon, folder):
    with Popen([sys.executable, "-c", DYING, str(folder)], stdout=PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"up\n"
        first.send_signal(signal.SIGKILL)
    assert socket_path(folder).exists()
    with pytest.raises(NotRunning):
        ask("status", folder)
    server = ControlServer(daemon.answer, folder)
    server.start()
    assert ask("status", folder).pid == os.getpid()
    server.close()


def test_closing_while_somebody_asks_or_listens_complains_of_nothing(folder, caplog):
    asked = threading.Event()

    def never(request):
        asked.set()
        return Future()

    server = ControlServer(never, folder)
    server.start()
    with socket.socket(socket.AF_UNIX) as silent, socket.socket(socket.AF_UNIX) as asking:
        silent.connect(str(server.path))
        asking.connect(str(server.path))
        asking.sendall(encode_request(Request("status")))
        assert asked.wait(10)
        server.close()
    assert caplog.text == ""


def test_an_open_connection_does_not_keep_the_server_from_closing(daemon, folder):
    server = ControlServer(daemon.answer, folder)
    server.start()
    with socket.socket(socket.AF_UNIX) as idle:
        idle.connect(str(server.path))
        idle.sendall(b'{"command": "status"}\n')
        assert idle.recv(10)
        server.close()
    assert not server.path.exists()


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (b"GET / HTTP/1.1\r\n", "not a line of JSON"),
        (b'{"command": "explode"}\n', "is not a command"),
        (b"x" * (MAX_LINE * 3) + b"\n", "a line longer than"),
    ],
)
def test_nonsense_is_answered_and_harms_nobody(server, folder, sent, message):
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(str(server.path))
        stranger.sendall(sent)
        reply = decode_reply(stranger.recv(MAX_LINE))
    assert message in (reply.error or "")
    assert ask("status", folder).status == "idle"


def test_many_at_once_are_all_answered(server, daemon, folder):
    threads = [threading.Thread(target=ask, args=("toggle", folder)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert daemon.asked == ["toggle"] * 20


def test_a_daemon_that_hangs_is_told(folder):
    server = ControlServer(lambda request: Future(), folder)
    server.start()
    with pytest.raises(ControlError, match="does not answer within"):
        ask("status", folder, timeout=0.2)
    server.close()


def test_the_socket_lives_in_the_runtime_folder_or_else_in_one_by_user_id(tmp_path):
    assert control_folder({"XDG_RUNTIME_DIR": "/run/user/7"}).as_posix() == "/run/user/7/dictation"
    assert control_folder({}).name == f"dictation-{os.getuid()}"


def test_a_path_too_long_for_a_socket_is_told(daemon, tmp_path):
    folder = tmp_path / ("x" * 120)
    server = ControlServer(daemon.answer, folder)
    with pytest.raises(ControlError, match="too long"):
        server.start()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_somebody_elses_folder_is_not_trusted(daemon, folder):
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    with pytest.raises(ControlError, match="is not a folder of yours"):
        ControlServer(daemon.answer, folder).start()
    with pytest.raises(ControlError, match="is not a folder of yours"):
        ask("status", folder)


def test_a_link_in_place_of_the_folder_is_not_followed(daemon, folder, tmp_path):
    folder.symlink_to(tmp_path)
    with pytest.raises(ControlError, match="is not a folder of yours"):
        ControlServer(daemon.answer, folder).start()
