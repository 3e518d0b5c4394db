"""The command line: what it prints, where, and with which exit status."""

import io
import json
import os
import sys
import wave
from concurrent.futures import Future
from importlib.metadata import version
from subprocess import CompletedProcess, run

import numpy as np
import pytest
from rich.console import Console

from dictation.audio import SAMPLE_RATE
from dictation.checks import Check
from dictation.cli import told
from dictation.cli.machine import check_line
from dictation.control.protocol import DaemonStatus, Latencies, Reply
from dictation.control.server import ControlServer
from dictation.errors import DictationError
from tests.loudness import silence


@pytest.fixture
def environment(tmp_path):
    """A user with folders of their own and no desktop."""
    desktop = ("DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE", "DBUS_SESSION_BUS_ADDRESS")
    kept = {name: value for name, value in os.environ.items() if name not in desktop}
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    return kept | {
        "XDG_RUNTIME_DIR": str(runtime),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
    }


@pytest.fixture
def dictation(environment):
    def call(*arguments: str, stdin: bytes = b"") -> CompletedProcess[bytes]:
        command = [sys.executable, "-m", "dictation", *arguments]
        return run(command, input=stdin, capture_output=True, env=environment, check=False)

    return call


@pytest.fixture
def daemon(environment, tmp_path):
    """A daemon that only answers."""
    asked: list[str] = []
    latencies = Latencies(2.5, 0.6, 0.42, 0.21, 0.0, delivery=0.05)
    status = DaemonStatus(
        pid=4711,
        status="listening",
        model="starter",
        hotkey="F9",
        kept=("你好",),
        last=latencies,
    )

    def answer(request):
        asked.append(request.command)
        reply: Future[Reply] = Future()
        reply.set_result(Reply(status))
        return reply

    server = ControlServer(answer, tmp_path / "run" / "dictation")
    server.start()
    yield asked
    server.close()


@pytest.fixture
def wav(tmp_path):
    def write(name: str, samples: np.ndarray):
        path = tmp_path / name
        with wave.open(str(path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(SAMPLE_RATE)
            out.writeframes((samples * 32767).astype("<i2").tobytes())
        return path

    return write


def is_one_line(stderr: bytes) -> bool:
    return stderr.startswith(b"dictation: ") and stderr.count(b"\n") == 1


@pytest.mark.parametrize("command", ["toggle", "start", "stop", "cancel", "status"])
def test_without_a_daemon_a_command_says_how_to_start_it(dictation, command):
    done = dictation(command)
    assert done.returncode == 1
    message = b"dictation: dictation is not running: start it with `dictation run`\n"
    assert (done.stdout, done.stderr) == (b"", message)


@pytest.mark.parametrize("command", ["toggle", "start", "stop", "cancel"])
def test_a_command_reaches_the_daemon_and_prints_its_status(dictation, daemon, command):
    done = dictation(command)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"listening\n", b"")
    assert daemon == [command]


def test_status_is_readable_for_people(dictation, daemon):
    lines = dictation("status").stdout.decode().splitlines()
    assert lines[0] == "status        listening (pid 4711)"
    assert "hotkey        F9" in lines
    assert "mode          hold" in lines
    assert any("first words after 420 ms" in line for line in lines)
    assert any("你好" in line for line in lines)


def test_status_is_readable_for_programs(dictation, daemon):
    status = json.loads(dictation("status", "--json").stdout)
    assert (status["pid"], status["status"]) == (4711, "listening")
    assert status["last"]["first_partial"] == 0.42


def test_a_second_daemon_is_refused_with_the_pid_of_the_first(dictation, environment, daemon):
    environment["DISPLAY"] = ":31999"
    done = dictation("run")
    assert done.returncode == 1
    assert done.stderr == b"dictation: dictation already runs, pid 4711\n"


LIGHT = """
import sys
sys.argv[0] = "dictation"
from dictation.cli import main
try:
    main()
except SystemExit:
    pass
heavy = {"torch", "numpy", "pydantic", "typer", "rich", "click", "asyncio", "sounddevice"}
print(sorted(heavy & set(sys.modules)))
"""


@pytest.mark.parametrize(
    "command",
    ["toggle", "start", "stop", "cancel", "undo", "copy-last", "status", "mute on", "mode hold"],
)
def test_commands_bound_to_keys_load_nothing_heavy(environment, command):
    arguments = [sys.executable, "-c", LIGHT, *command.split()]
    done = run(arguments, capture_output=True, env=environment, check=True)
    assert done.stdout == b"[]\n"


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["run", "--help"], ["transcribe", "--help"], ["frobnicate"]]
)
def test_the_parser_never_loads_torch(environment, arguments):
    code = (
        "import sys; sys.argv = ['dictation', *sys.argv[1:]]\n"
        "from dictation.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('torch' in sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, *arguments]
    done = run(command, capture_output=True, env=environment, check=True)
    assert done.stderr.endswith(b"False\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["toggle", "now"],
        ["transcribe"],
        ["transcribe", "--partials", "a.wav"],
        ["transcribe", "--watch", ".", "a.wav"],
        ["transcribe", "--watch", ".", "--jobs", "2"],
        ["transcribe", "--json", "--format", "srt", "a.wav"],
        ["transcribe", "--format", "doc", "a.wav"],
        ["transcribe", "--jobs", "0", "a.wav"],
    ],
)
def test_wrong_usage_has_exit_status_2(dictation, arguments):
    done = dictation(*arguments)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_without_a_display_run_says_what_is_missing(dictation):
    done = dictation("run")
    assert done.returncode == 1
    assert is_one_line(done.stderr)
    assert b"neither DISPLAY nor WAYLAND_DISPLAY is set" in done.stderr


@pytest.mark.parametrize("command", [["run"], ["transcribe", "a.wav"], ["demo"]])
def test_a_broken_config_is_one_line(dictation, tmp_path, command):
    config = tmp_path / "broken.toml"
    config.write_text("[hotkey]\nmode = 'press'\n")
    done = dictation(*command, "--config", str(config))
    assert done.returncode == 1
    assert is_one_line(done.stderr)
    assert b'broken.toml: hotkey.mode is "press", but takes "hold" or "toggle"' in done.stderr


def test_a_missing_model_is_one_line(dictation, wav):
    done = dictation("transcribe", "--model", "nowhere", str(wav("a.wav", silence(1.0))))
    assert done.returncode == 1
    assert is_one_line(done.stderr)
    assert b"there is no model 'nowhere'" in done.stderr


def test_the_doctor_answers_line_by_line_and_fails_where_the_main_job_cannot_run(dictation):
    done = dictation("doctor", "--json")
    assert done.returncode == 1
    checks = {check["name"]: check for check in map(json.loads, done.stdout.splitlines())}
    assert {"settings", "display", "tray", "hotkey", "output", "microphone", "torch", "model"} <= (
        checks.keys()
    )
    assert checks["settings"]["status"] == "ok"
    assert checks["display"]["status"] == "failed"
    assert checks["display"]["remedy"]


def test_a_check_is_one_line_with_its_way_out():
    line = check_line(Check("output", "failed", "xclip is missing", "sudo apt install xclip"))
    assert line.plain == "missing output      xclip is missing -> sudo apt install xclip"
    assert check_line(Check("tray", "ok", "fine")).plain == "ok      tray        fine"


def test_errors_become_one_line_and_an_exit_status(capsys):
    def fail():
        raise DictationError("the cable is not plugged in: plug it in")

    def interrupt():
        raise KeyboardInterrupt

    assert told(lambda: None) == 0
    assert told(fail) == 1
    assert told(interrupt) == 130
    assert capsys.readouterr().err == "dictation: the cable is not plugged in: plug it in\n"


def test_a_reader_that_goes_away_is_no_traceback(environment):
    command = f"{sys.executable} -m dictation --help | head -c 1"
    done = run(["bash", "-c", command], capture_output=True, env=environment, check=False)
    assert b"Traceback" not in done.stderr


def test_the_checks_fit_a_narrow_terminal():
    console = Console(width=20, soft_wrap=True, file=io.StringIO())
    console.print(check_line(Check("torch", "ok", "2.14.1 on cpu, with more to say than fits")))
    assert console.file.getvalue().count("\n") == 1


def test_it_tells_its_version(dictation):
    done = dictation("--version")
    assert (done.returncode, done.stdout.decode()) == (0, f"dictation {version('dictation')}\n")
