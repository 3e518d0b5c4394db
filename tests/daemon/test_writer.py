"""What the daemon delivers of an utterance: in writing, for its window, after what is there."""

import subprocess
import sys

import pytest

from dictation.config import Settings
from dictation.daemon.writer import Writer
from dictation.desktop.applications import ApplicationRule
from dictation.desktop.focus import Window
from dictation.desktop.output.base import OutputSettings
from dictation.events import Final, Partial, TimedWord, Timing

EDITOR = Window(7, "Editor", "letter", 42)
SHELL = Window(8, "XTerm", "shell", 43)


class Desk:
    def __init__(self, words, output=None, **settings):
        self.now = 100.0
        self.utterances = 0
        made = Settings.model_validate(settings)
        self.writer = Writer(made, output or OutputSettings(), words, lambda: self.now)

    def say(self, text, window=EDITOR, timed=()):
        self.utterances += 1
        timing = Timing(1.0, 0.6, None, 0.1)
        said = Final(self.utterances, text, "en", timing, self.now, timed=timed)
        return self.writer.write(said, window)

    def shows(self, stable, unstable, window=EDITOR):
        heard = Partial(1, stable, unstable, "zh", self.now)
        shown = self.writer.caption(heard, window)
        return shown.stable, shown.unstable

    def text(self, text, window=EDITOR):
        return self.say(text, window).text


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "words.txt")


def test_a_text_goes_on_where_the_last_one_in_its_window_ended(desk):
    assert desk.text("打开这个") == "打开这个"
    assert desk.text("API") == " API"
    assert desk.text("API", SHELL) == "API"
    assert desk.text("文档") == "文档", "the caret was elsewhere meanwhile"


def test_after_a_while_nobody_knows_what_stands_there(desk):
    desk.say("打开这个")
    desk.now += 61.0
    assert desk.text("API") == "API"


def test_with_a_space_after_each_text_none_is_doubled(tmp_path):
    spaced = Desk(tmp_path / "words.txt", OutputSettings(trailing_space=True))
    assert spaced.text("hello there.") == "Hello there."
    assert spaced.text("how are you?") == "How are you?"
    unspaced = Desk(tmp_path / "words.txt", OutputSettings(trailing_space=False))
    unspaced.say("hello there.")
    assert unspaced.text("how are you?") == " How are you?"


def test_a_text_that_did_not_arrive_is_not_gone_on_from(desk):
    desk.say("打开这个")
    desk.writer.forget(1)
    assert desk.text("API") == "API"


def test_after_an_undo_the_text_before_is_gone_on_from(desk):
    desk.say("你好。")
    desk.say("打开这个")
    desk.writer.forget_last()
    assert desk.text("API") == "API"
    desk.writer.forget_last()
    desk.writer.forget_last()
    desk.writer.forget_last()
    assert desk.text("API") == "API"


def test_commands_come_with_the_text_they_follow(desk):
    assert (desk.say("Scratch that.").text, desk.say("Scratch that.").command) == ("", "undo")
    assert desk.say("停止听写").command == "stop"
    assert desk.say("换行").text == "\n"
    assert desk.say("换行").command is None


def test_caps_holds_for_the_next_text_alone(desk):
    assert desk.say("全部大写").text == ""
    assert desk.text("hello.") == "HELLO."
    assert desk.text("hello.") == " Hello."


def test_a_program_can_have_the_text_as_the_model_writes_it(tmp_path):
    output = OutputSettings(applications=(ApplicationRule("xterm", formatting=False),))
    desk = Desk(tmp_path / "words.txt", output)
    assert desk.text("四零四", SHELL) == "四零四"
    assert desk.say("换行", SHELL).text == "换行"
    assert desk.text("四零四") == "404"


def test_a_program_can_have_single_steps_otherwise(tmp_path):
    rules = [{"match": "xterm", "text": {"numbers": False, "commands": False}}]
    output = OutputSettings(applications=(ApplicationRule("xterm"),))
    desk = Desk(tmp_path / "words.txt", output, application=rules, text={"capitals": False})
    assert desk.text("这个api是四零四", SHELL) == "这个 api 是四零四"
    assert desk.text("换行", SHELL) == "换行"
    assert desk.text("这个api是四零四") == "这个 api 是 404"
    assert desk.text("换行") == "\n"


def test_pauses_stand_for_marks(desk):
    starts = (0.0, 0.2, 1.2, 1.4)
    timed = tuple(
        TimedWord(word, start, start + 0.2, 1.0)
        for word, start in zip("好的走吧", starts, strict=True)
    )
    assert desk.say("好的走吧", timed=timed).text == "好的，走吧。"


def test_a_broken_word_list_leaves_the_words_as_they_were(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("派森 -> Python\n")
    desk = Desk(words)
    assert desk.text("派森") == "Python"
    words.write_text("-> broken and longer\n")
    assert desk.text("派森", SHELL) == "Python"


_WARM_UP = """
import sys, threading
from pathlib import Path
from dictation.config import Settings
from dictation.daemon.writer import Writer
from dictation.desktop.output.base import OutputSettings

settings = Settings.model_validate({"text": {"numbers": sys.argv[1] == "on"}})
Writer(settings, OutputSettings(), Path("nowhere"), float).warm_up()
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join()
print("wetext" in sys.modules)
"""


@pytest.mark.parametrize(("numbers", "loaded"), [("on", "True"), ("off", "False")])
def test_the_library_of_numbers_is_loaded_ahead_where_numbers_are_written(numbers, loaded):
    command = [sys.executable, "-c", _WARM_UP, numbers]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == loaded


def test_the_users_words_are_in_captions_as_soon_as_they_are_whole(tmp_path):
    (tmp_path / "words.txt").write_text("裴照野\nGrafana\n", encoding="utf-8")
    desk = Desk(tmp_path / "words.txt")
    assert desk.shows("请发给", "培照") == ("请发给", "培照")
    assert desk.shows("请发给培照", "业") == ("请发给裴照野", "")
    assert desk.shows("请发给培照业", "明天") == ("请发给裴照野", "明天")
    assert desk.shows("", "open gra") == ("", "open gra")
    assert desk.shows("open ", "grafana") == ("open Grafana", "")


def test_captions_are_left_alone_where_texts_are(tmp_path):
    (tmp_path / "words.txt").write_text("裴照野\n", encoding="utf-8")
    plain = OutputSettings(applications=(ApplicationRule("XTerm", formatting=False),))
    desk = Desk(tmp_path / "words.txt", plain)
    assert desk.shows("培照业", "", SHELL) == ("培照业", "")
    assert desk.shows("培照业", "") == ("裴照野", "")
    by_letter = Desk(tmp_path / "words.txt", text={"sound_alikes": False})
    assert by_letter.shows("培照业", "") == ("培照业", "")
