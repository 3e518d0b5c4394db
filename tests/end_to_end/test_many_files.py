"""`dictation transcribe` as a process: many files, several processes, interrupted, watching."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest

from dictation.audio import SAMPLE_RATE
from tests.audio.media import write_wav
from tests.loudness import silence, voice
from tests.tiny_model import write_tiny_model
from tests.xsession import wait_until

HEARD = "好的。"
SPOKEN = np.concatenate([silence(0.5), voice(2.0), silence(1.0)])


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def command(model, tmp_path):
    """`dictation transcribe` with arguments; what still runs after the test is ended with it."""
    children: list[subprocess.Popen[str]] = []

    def started(*arguments: str | Path, **options) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-m", "dictation", "transcribe", "--model", str(model),
             *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config")}, **options,
        )  # fmt: skip
        children.append(child)
        return child

    yield started
    for child in children:
        with child:
            child.kill()


def recorded(path: Path, utterances: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_wav(path, np.tile(SPOKEN, utterances), SAMPLE_RATE)


def test_several_processes_give_the_same_in_the_same_order(command, tmp_path):
    files = [recorded(tmp_path / f"{number}.wav", 3 - number) for number in range(3)]
    broken = tmp_path / "broken.wav"
    broken.write_text("no sound " * 100)
    child = command("--jobs", "2", *files[:2], broken, files[2])
    out, err = child.communicate(timeout=120)
    assert child.returncode == 1
    assert [line for line in out.splitlines() if line.startswith("==>")] == [
        f"==> {file} <==" for file in files
    ]
    assert out.count(HEARD) == 6
    assert err.count("\n") == 1
    assert str(broken) in err


def test_a_broken_file_leaves_nothing_in_the_output_folder(command, tmp_path):
    inbox, out = tmp_path / "in", tmp_path / "out"
    recorded(inbox / "good.wav")
    (inbox / "broken.wav").write_text("no sound " * 100)
    child = command("--output-dir", out, inbox)
    _, err = child.communicate(timeout=120)
    assert child.returncode == 1
    assert "broken.wav" in err
    assert [path.name for path in out.iterdir()] == ["good.txt"]


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # also a zombie: it ended while the list was made
        return False


def test_a_process_that_is_killed_fails_its_own_file_only(command, tmp_path):
    files = [recorded(tmp_path / "long.wav", 400), recorded(tmp_path / "short.wav")]
    child = command("--jobs", "2", *files)

    def workers() -> list[psutil.Process]:
        return [each for each in psutil.Process(child.pid).children(recursive=True)
                if _is_worker(each)]  # fmt: skip

    wait_until(lambda: len(workers()) == 2, "both processes", 60, pause=0.02)
    wait_until(lambda: len(workers()) == 1, "the short file to be done", 60, pause=0.05)
    workers()[0].kill()
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (1, f"==> {files[1]} <==\n{HEARD}\n")
    assert err.startswith(f"dictation: {files[0]}: its process ended (exit status -9)")


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_goes_on_where_it_stopped(command, tmp_path, jobs, end):
    files = [recorded(tmp_path / "in" / name, 90) for name in ("a.wav", "b.wav")]
    out = tmp_path / "out"
    arguments = ("--jobs", jobs, "--output-dir", out, tmp_path / "in")
    child = command(*arguments, start_new_session=True)
    journal = out / ".a.unfinished"
    wait_until(
        lambda: journal.exists() and journal.stat().st_size > 2000, "some text", 60, pause=0.05
    )
    os.killpg(child.pid, end)
    _, err = child.communicate(timeout=60)
    assert child.returncode in (-9, 130)
    assert "Traceback" not in err
    again = command(*arguments)
    _, err = again.communicate(timeout=120)
    assert again.returncode == 0
    assert f"dictation: {files[0]}: goes on after " in err
    for name in ("a.txt", "b.txt"):
        assert (out / name).read_text().count(HEARD) == 90
    assert sorted(path.name for path in out.iterdir()) == ["a.txt", "b.txt"]


def test_a_watched_folder_gives_the_text_of_what_is_put_into_it_once_it_is_whole(command, tmp_path):
    inbox, out = tmp_path / "inbox", tmp_path / "out"
    inbox.mkdir()
    child = command("--watch", inbox, "--output-dir", out, "--format", "srt", "--format", "txt")
    try:
        sound = recorded(tmp_path / "talk.wav", 2).read_bytes()
        with (inbox / "talk.wav").open("wb") as file:
            file.write(sound[:50_000])
            file.flush()
            time.sleep(2.0)
            file.write(sound[50_000:])
        wait_until((out / "talk.txt").exists, "the text", 60)
        assert (out / "talk.txt").read_text() == HEARD * 2 + "\n"
        assert (out / "talk.srt").exists()
    finally:
        child.send_signal(signal.SIGINT)
        printed, err = child.communicate(timeout=60)
    assert printed == f"watching {inbox}; Ctrl+C ends it\n"
    assert err == ""


def test_memory_does_not_grow_while_a_file_is_heard(command, tmp_path):
    out = tmp_path / "out"
    child = command("--output-dir", out, recorded(tmp_path / "long.wav", 260))
    process = psutil.Process(child.pid)
    journal = out / ".long.unfinished"
    looks = []
    while child.poll() is None:
        with suppress(FileNotFoundError):
            looks.append((journal.stat().st_size, process.memory_info().rss))
        time.sleep(0.05)
    assert (out / "long.txt").read_text().count(HEARD) == 260
    # 15 minutes of samples are 58 MB; what is loaded once is loaded before the middle.
    whole = looks[-1][0]
    later = [memory for written, memory in looks if 0.5 * whole <= written <= 0.9 * whole]
    assert later[-1] - later[0] < 5e6
