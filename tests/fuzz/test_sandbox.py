"""The sandbox notices what a loader must not do: a fuzzer that sees nothing proves nothing."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.sandbox import HANGS

ROOT = Path(__file__).parents[2]
RUN = """
import sys
from pathlib import Path
from tests.fuzz.sandbox import Sandbox
print(Sandbox().outcome(lambda case: eval(sys.argv[2]), Path(sys.argv[1])))
"""


@pytest.mark.parametrize(
    ("harm", "noticed"),
    [
        ("bytearray(2 << 30)", "MemoryError"),
        ("__import__('os').system('true')", "os.system"),
        ("__import__('subprocess').run(['true'])", "subprocess.Popen"),
        ("__import__('socket').create_connection(('127.0.0.1', 9))", "socket.connect"),
        ("case.joinpath('x').write_text('')", "open"),
        ("case.joinpath('x').mkdir()", "os.mkdir"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_harm_is_noticed(harm, noticed, tmp_path):
    done = run(tmp_path, harm)
    assert "'bad'" in done.stdout
    assert noticed in done.stdout


def test_writing_out_of_c_ends_the_process(tmp_path):
    libc = "__import__('ctypes').CDLL(None)"
    file = str(tmp_path / "x").encode()
    done = run(tmp_path, f"{libc}.write({libc}.creat({file!r}, 0o600), b'written', 7)")
    assert done.returncode == -signal.SIGXFSZ
    assert (tmp_path / "x").read_text() == ""


def test_what_never_ends_is_ended_with_a_traceback(tmp_path):
    quick = "__import__('signal').setitimer(0, 0.2)"
    done = run(tmp_path, f"{quick} and [None for _ in iter(int, 1)]")
    assert -done.returncode in HANGS
    assert "most recent call first" in done.stderr


def run(case, code):
    return subprocess.run(
        [sys.executable, "-c", RUN, str(case), code],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
