"""Lines of every kind over a real control socket: each is answered, and the server lives on."""

import json
import os
import socket
from concurrent.futures import Future
from typing import get_args

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from dictation.control.client import ask
from dictation.control.protocol import MAX_LINE, VALUES, DaemonStatus, Name, Reply, decode_reply
from dictation.control.server import ControlServer

names = st.sampled_from(get_args(Name))
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=10,
)
known = st.sampled_from([each for choices in VALUES.values() for each in choices])
objects = st.fixed_dictionaries(
    {}, optional={"command": names | values, "value": known | values, "force": values}
)
lines = (
    st.binary(max_size=300).map(lambda line: line.replace(b"\n", b" "))
    | objects.map(lambda value: json.dumps(value).encode())
    | values.map(lambda value: json.dumps(value).encode())
    | st.integers(MAX_LINE - 3, MAX_LINE + 3).map(lambda size: b"[" * size)
    | st.integers(MAX_LINE - 3, 3 * MAX_LINE).map(lambda size: b"1" * size)
)
quick = settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def server(tmp_path):
    def answer(request):
        reply: Future[Reply] = Future()
        reply.set_result(Reply(DaemonStatus(pid=os.getpid(), status=request.command)))
        return reply

    server = ControlServer(answer, tmp_path / "dictation")
    server.start()
    yield server
    server.close()


@quick
@given(st.lists(lines, min_size=1, max_size=3), st.booleans())
def test_every_line_is_answered(server, sent, ends):
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.settimeout(30)
        stranger.connect(str(server.path))
        try:
            stranger.sendall(b"\n".join(sent) + (b"\n" if ends else b""))
            stranger.shutdown(socket.SHUT_WR)
            answers = b"".join(iter(lambda: stranger.recv(MAX_LINE), b""))
        except ConnectionError:
            # The server hangs up on a line that is too long.
            assert any(len(line) >= MAX_LINE for line in sent)
            return
    replies = [decode_reply(line) for line in answers.splitlines()]
    assert all((reply.status is None) != (reply.error is None) for reply in replies)
    if all(len(line) < MAX_LINE for line in sent):
        whole = sent if ends else [*sent[:-1], *[line for line in sent[-1:] if line]]
        assert len(replies) == len(whole)


@quick
@given(st.binary(max_size=300))
def test_who_hangs_up_in_mid_line_harms_nobody(server, sent):
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(str(server.path))
        stranger.sendall(sent)
    assert ask("status", server.path.parent).status == "status"
