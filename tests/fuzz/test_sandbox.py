"""The sandbox notices what a loader must not do: a fuzzer that sees nothing proves nothing."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

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
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_harm_is_noticed(harm, noticed, tmp_path):
    done = run(tmp_path, harm)
    assert "'bad'" in done.stdout
    assert noticed in done.stdout


def test_writing_ends_the_process(tmp_path):
    done = run(tmp_path, "case.joinpath('x').write_text('written')")
    assert done.returncode == -signal.SIGXFSZ
    assert (tmp_path / "x").read_text() == ""


def run(case, code):
    return subprocess.run(
        [sys.executable, "-c", RUN, str(case), code],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
