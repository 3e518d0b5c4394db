"""What goes over the control socket comes out as it went in, and nonsense is told as such."""

import json

import hypothesis.strategies as st
import pytest
from hypothesis import given

from dictation.control.protocol import (
    MAX_LINE,
    DaemonStatus,
    Latencies,
    ProtocolError,
    Reply,
    Request,
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
)

times = st.floats(0, 100, allow_nan=False)
latencies = st.builds(
    Latencies, times, times, st.none() | times, times, times, delivery=st.none() | times
)
statuses = st.builds(
    DaemonStatus,
    pid=st.integers(1, 2**22),
    status=st.sampled_from(["idle", "listening"]),
    model=st.none() | st.text(),
    kept=st.lists(st.text(), max_size=3).map(tuple),
    last=st.none() | latencies,
    problem=st.none() | st.text(),
)


@pytest.mark.parametrize(
    "request_",
    [
        *(Request(name) for name in ("start", "stop", "toggle", "cancel", "status")),
        Request("language", "zh"),
        Request("mode", "hands-free"),
        Request("microphone", ""),
        Request("microphone", "麦克风 \n USB"),
        Request("mute", "toggle"),
    ],
    ids=str,
)
def test_a_request_comes_out_as_it_went_in(request_):
    line = encode_request(request_)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode_request(line) == request_


@given(statuses, st.none() | st.text(max_size=50))
def test_a_reply_comes_out_as_it_went_in(status, error):
    line = encode_reply(Reply(status, error))
    assert line.count(b"\n") == 1
    assert decode_reply(line) == Reply(status, error)


def test_a_reply_too_long_for_a_line_drops_its_oldest_texts():
    texts = tuple(f"{number}{'字' * 5000}" for number in range(10))
    reply = decode_reply(encode_reply(Reply(DaemonStatus(pid=1, status="idle", kept=texts))))
    assert reply.status is not None
    assert 0 < len(reply.status.kept) < 10
    assert reply.status.kept[-1] == texts[-1]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"", "not a line of JSON"),
        (b"toggle\n", "not a line of JSON"),
        (b"\xff\xfe\n", "not a line of JSON"),
        (b"[" * 50_000, "not a line of JSON"),
        (b'["toggle"]\n', "not a JSON object"),
        (b'{"command": "explode"}\n', "'explode' is not a command; there are start, stop, toggle"),
        (b'{"command": ["start"]}\n', "is not a command"),
        (b"{}\n", "None is not a command"),
        (b'{"command": "start", "force": 1}\n', "a request has no field 'force'"),
        (b'{"command": "start", "value": "now"}\n', "start takes no value"),
        (b'{"command": "language"}\n', "language takes auto, zh, en, next, not nothing"),
        (b'{"command": "language", "value": "de"}\n', "takes auto, zh, en, next, not 'de'"),
        (b'{"command": "microphone", "value": 3}\n', "microphone takes a name, not 3"),
        (b'{"command": "model", "value": "\\u0000"}\n', "model takes a name, not"),
        (b'{"command": "model", "value": "\\ud800"}\n', "model takes a name, not"),
        (b" " * (MAX_LINE + 1), "a line longer than"),
    ],
)
def test_what_is_no_request_is_told(line, message):
    with pytest.raises(ProtocolError, match=message):
        decode_request(line)


@given(st.binary(max_size=200))
def test_no_line_breaks_the_reader(line):
    try:
        request = decode_request(line)
    except ProtocolError:
        return
    assert isinstance(request, Request)


@pytest.mark.parametrize("values", [{}, {"status": {"pid": 1}, "error": None}, {"status": 3}])
def test_the_answer_of_another_version_is_told(values):
    with pytest.raises(ProtocolError, match="another version"):
        decode_reply(json.dumps(values).encode())
