"""`dictation format`: the text pipeline for scripts, a line at a time."""

import os
import sys
from subprocess import PIPE, Popen, run

import pytest


@pytest.fixture
def environment(tmp_path):
    return os.environ | {"XDG_CONFIG_HOME": str(tmp_path / "config")}


def formatted(text, environment, *options):
    command = [sys.executable, "-m", "dictation", "format", *options]
    return run(command, input=text.encode(), capture_output=True, env=environment, check=False)


def test_each_line_is_answered_before_the_next_is_read(environment):
    command = [sys.executable, "-m", "dictation", "format"]
    with Popen(command, stdin=PIPE, stdout=PIPE, env=environment) as process:
        for said, written in (("四零四", "404"), ("half past three", "3:30")):
            process.stdin.write(f"{said}\n".encode())
            process.stdin.flush()
            assert process.stdout.readline().decode() == f"{written}\n"
        process.stdin.close()
        assert process.wait(60) == 0


def test_settings_and_the_users_words_count(environment, tmp_path):
    folder = tmp_path / "config" / "dictation"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(
        '[text]\nnumbers = false\n[commands]\n"地址" = "长街一号"\n'
    )
    (folder / "words.txt").write_text("派森 -> Python\n")
    done = formatted("派森有四零四\n地址\n", environment)
    assert done.stdout.decode() == "Python 有四零四\n长街一号\n"


def test_a_broken_word_list_is_one_line(environment, tmp_path):
    folder = tmp_path / "config" / "dictation"
    folder.mkdir(parents=True)
    (folder / "words.txt").write_text("-> x\n")
    done = formatted("x\n", environment)
    assert done.returncode == 1
    assert done.stderr.decode().startswith(f"dictation: {folder}/words.txt:1: ")
    assert done.stderr.count(b"\n") == 1


def test_bytes_that_are_no_text_do_not_stop_it(environment):
    command = [sys.executable, "-m", "dictation", "format"]
    done = run(command, input=b"\xff\xfe\nabc", capture_output=True, env=environment, check=True)
    assert done.stdout.decode().splitlines()[-1] == "Abc"


def test_it_loads_no_model(environment):
    code = (
        "import sys; sys.argv = ['dictation', 'format']\n"
        "from dictation.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('torch' in sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code]
    done = run(command, input="四零四\n".encode(), capture_output=True, env=environment, check=True)
    assert done.stderr == b"False\n"
