"""Nothing leaves: all of it runs where there is no network at all."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from dictation.training.evaluation import error_rate
from tests.end_to_end.dictating import ERROR_BOUND
from tests.recordings import recordings
from tests.xsession import require, xsession

ROOT = Path(__file__).parents[2]
# An address that is reserved for examples (RFC 5737): nobody is there.
CALL_OUT = "import socket; socket.create_connection(('192.0.2.1', 9), 5)"
CALL_HOME = """
import socket
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname(), 5)
"""


WITHOUT_NETWORK = ROOT / "scripts" / "without_network.sh"


@pytest.fixture(scope="module", autouse=True)
def namespaces() -> None:
    """Skips the tests where nobody may make a namespace."""
    require("unshare")
    if subprocess.run([WITHOUT_NETWORK, "true"], capture_output=True).returncode != 0:
        pytest.skip("this system lets nobody make a network namespace (unshare -rn)")


def run_isolated(arguments: Sequence[str], seconds: float = 300) -> CompletedProcess[str]:
    return subprocess.run(
        [WITHOUT_NETWORK, sys.executable, *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("code", [CALL_OUT, CALL_HOME])
def test_the_isolation_is_real(code):
    done = run_isolated(["-c", code])
    assert done.returncode == 1
    assert "Network is unreachable" in done.stderr


def test_displays_in_there_have_nothing_to_do_with_those_out_here():
    with xsession(window_manager=None) as session:
        look = f"from Xlib.display import Display; Display({session.display!r})"
        done = run_isolated(["-c", look])
        subprocess.run([sys.executable, "-c", look], check=True)
    assert done.returncode == 1
    assert "DisplayConnectionError" in done.stderr


def test_recordings_are_transcribed_without_a_network(model):
    wanted = list(recordings().values())
    files = [str(recording.path) for recording in wanted]
    done = run_isolated(
        ["-m", "dictation", "transcribe", "--stream", "--json", "--model", str(model), *files]
    )
    assert (done.returncode, done.stderr) == (0, "")
    texts = [json.loads(line)["text"] for line in done.stdout.splitlines()]
    print(*texts, sep="\n")
    assert error_rate([recording.written for recording in wanted], texts) <= ERROR_BOUND


def test_the_demo_runs_without_a_network(model, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(f'[model]\nname = "{model}"\n', encoding="utf-8")
    done = run_isolated(["-m", "dictation", "demo", "--silent", "--config", str(config)])
    assert (done.returncode, done.stderr) == (0, "")
    for recording in recordings().values():
        assert f"said: {recording.written}" in done.stdout


def test_the_core_of_the_suite_passes_without_a_network():
    core = [
        "tests/test_worker.py", "tests/test_session.py", "tests/test_transcription.py",
        # a daemon on a desktop, spoken to by a virtual microphone; and error rates of manifests
        "tests/daemon/test_process.py::test_a_signal_in_mid_sentence_delivers_the_sentence"
        "_and_leaves_nothing_behind",
        "tests/test_cli_model.py::test_evaluate_prints_a_table_for_people",
    ]  # fmt: skip
    done = run_isolated(["-m", "pytest", "-q", "-p", "no:cacheprovider", *core])
    assert done.returncode == 0, done.stdout
