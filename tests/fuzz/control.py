"""Coverage-guided lines for the control socket: `python -m tests.fuzz.control --minutes 10`.

Needs atheris (`pip install 'dictation[fuzz]'`). A line must become a request that goes out and
comes in again as it was, or be refused in one line that fits into a reply; a crash ends the run
with the line.
"""

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["dictation", "json"]):
    from dictation.control.protocol import (
        MAX_LINE,
        ProtocolError,
        Reply,
        decode_reply,
        decode_request,
        encode_reply,
        encode_request,
    )

_EXAMPLES = [
    b'{"command": "status"}\n',
    b'{"command": "microphone", "value": "USB \\u00e9"}\n',
    b'{"command": "language", "value": "next"}\n',
    b'{"status": null, "error": "nothing"}\n',
    b'{"status": {"pid": 1, "status": "idle", "kept": [], "microphones": [], "last": null},'
    b' "error": null}\n',
]


def check(line: bytes) -> None:
    """One line from anybody, as a request and as a reply."""
    try:
        request = decode_request(line)
        assert decode_request(encode_request(request)) == request
        assert request.value is None or "\0" not in request.value
    except ProtocolError as error:
        answer = encode_reply(Reply(error=str(error)))
        assert len(answer) <= MAX_LINE
        assert answer.count(b"\n") == 1
    with contextlib.suppress(ProtocolError):
        decode_reply(line)


def main() -> None:
    """Fuzz for some minutes; libFuzzer prints what it does."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as corpus:
        for number, example in enumerate(_EXAMPLES):
            (Path(corpus) / str(number)).write_bytes(example)
        options = [f"-max_total_time={round(60 * minutes)}", "-max_len=2000", "-timeout=10"]
        atheris.Setup([sys.argv[0], *options, corpus], check)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
