"""The daemon from key press to text, with a real worker and delivery; only devices are stood in."""

import time
from concurrent.futures import Future
from functools import partial

import numpy as np
import pytest

from dictation.actions import Choices, ShowCaption
from dictation.config import Settings, load_settings
from dictation.control.protocol import Reply, Request
from dictation.daemon.core import Asked, Chosen, Daemon
from dictation.daemon.delivery import DeliveryDesk
from dictation.daemon.inbox import Inbox
from dictation.daemon.records import Records
from dictation.daemon.rooms import Rooms
from dictation.daemon.writer import Writer
from dictation.desktop.focus import Window
from dictation.desktop.output import DeliveryError, OutputSettings, Receipt, UndoError
from dictation.desktop.output.base import Capabilities
from dictation.desktop.tray import ChooseDisplay, ChooseModel, CopyText, OpenSettings
from dictation.events import (
    Command,
    DeviceLost,
    DeviceReady,
    HotkeyPressed,
    HotkeyReleased,
    Paused,
    Resumed,
    SetLanguage,
    SetMicrophone,
    SetMode,
    SetMuted,
)
from dictation.history import History, HistorySettings
from dictation.preferences.file import save_settings
from dictation.session import SessionSettings
from dictation.worker import Worker, WorkerSettings
from tests.loudness import LoudnessRecognizer, silence, voice

BLOCK = 320
EDITOR = Window(7, "Editor", "letter", 42)
TERMINAL = Window(8, "XTerm", "shell", 43)


class Desk:
    """What the user looks at and speaks into: windows, a screen, a microphone."""

    name = "page"

    def __init__(self) -> None:
        self.focused: Window | None = EDITOR
        self.written: list[tuple[str, Window | None]] = []
        self.refuses = False
        self.preedit = ""
        self.clipboard: str | None = None
        self.caption: str | None = None
        self.captions: list[str] = []
        self.warnings: list[str] = []
        self.statuses: list[str] = []
        self.open = False
        self.sounds: list[tuple[str, float]] = []
        self.metered: tuple[float, float] | None = None

    capabilities = Capabilities(partials=True)

    def show_partial(self, text, target):
        self.preedit = text

    def undo_last(self):
        if not self.written:
            raise UndoError("there is no text to take back")
        self.written.pop()

    def copy(self, text):
        self.clipboard = text

    def commit(self, text, target):
        self.preedit = ""
        if self.refuses:
            raise DeliveryError("the window is gone")
        self.written.append((text, target))
        return Receipt(self.name, 0.0)

    def close(self):
        pass

    def want(self):
        self.open = True

    def release(self):
        self.open = False

    def use(self, name):
        self.microphone = name

    def forbid(self):
        self.allowed = False

    def allow(self):
        self.allowed = True

    def watch_cancel(self, watch):
        self.cancels = watch

    def choices(self, choices, microphones):
        self.chosen = choices

    def show(self, caption: ShowCaption):
        self.caption = caption.text
        self.captions.append(caption.text)

    def warn(self, message):
        self.caption = message
        self.warnings.append(message)

    def meter(self, level, seconds):
        self.metered = (level, seconds)

    def hide(self):
        self.caption = None

    def status(self, status, language):
        self.statuses.append(status)

    def play(self, name, after=0.0):
        self.sounds.append((name, after))

    def open_settings(self, page):
        self.page = page

    def history(self, texts):
        self.recent = texts

    def speak(self, language):
        return "zh" if language == "zh" else "en"


class House:
    """All of the daemon in one test: `until` is its main loop."""

    def __init__(self, folder, mode="hold", settings=None, history=None):
        self.desk = Desk()
        self.inbox = Inbox()
        working = WorkerSettings(post_roll_ms=40, behind_seconds=60.0)
        self.worker = Worker(LoudnessRecognizer, working, self.inbox.put, time.monotonic)
        self.delivery = DeliveryDesk(self.desk, self.inbox.put)
        keeping = history or HistorySettings()
        self.history = History.open(folder / "data" / "history.db", keeping, time.time)
        # The recogniser's words are told from others by standing as they are.
        written = Settings.model_validate(settings or {"text": {"capitals": False}})
        rooms = Rooms(
            worker=self.worker,
            microphone=self.desk,
            delivery=self.delivery,
            screen=self.desk,
            keys=self.desk,
            focus=lambda: self.desk.focused,
            level=lambda: -20.0,
            records=Records(self.history, time.time),
            writer=Writer(written, OutputSettings(), folder / "words.txt", time.monotonic),
            open_settings=self.desk.open_settings,
            sounds=self.desk,
            post_roll_seconds=0.04,
            save=partial(save_settings, folder / "config.toml"),
            check=lambda: None,
        )
        session = SessionSettings(caption_seconds=0.2)
        self.daemon = Daemon(rooms, session, Choices(mode=mode), "en", "auto", "F9", time.monotonic)
        self.worker.start()
        self.delivery.start()

    def until(self, condition):
        deadline = time.monotonic() + 60.0
        while not condition():
            assert time.monotonic() < deadline, self.daemon.status()
            due = self.daemon.tick()
            self.inbox.wait(0.2 if due is None else min(due, 0.2))
            for message in self.inbox.take():
                self.daemon.take(message)

    def send(self, *messages):
        for message in messages:
            self.daemon.take(message)

    def hear(self, sound):
        for at in range(0, len(sound), BLOCK):
            self.worker.hear(sound[at : at + BLOCK], time.monotonic())

    @property
    def kept(self):
        return self.daemon.status().kept

    def is_idle(self):
        return self.daemon.status().status == "idle"

    def close(self):
        self.worker.close()
        self.delivery.close()
        self.inbox.close()
        self.history.close()


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    yield house
    house.close()


def test_what_is_said_while_the_key_is_held_arrives_in_the_window_that_had_the_focus(house):
    house.until(house.is_idle)
    house.send(HotkeyPressed())
    assert house.desk.open
    house.desk.focused = TERMINAL
    house.hear(np.concatenate([voice(2.0), silence(0.3)]))
    house.send(HotkeyReleased())
    house.hear(silence(0.2))
    house.until(house.is_idle)
    assert house.desk.written == [("loud loud", EDITOR)]
    assert "loud" in house.desk.captions
    assert not house.desk.open
    assert house.daemon.showing
    house.until(lambda: house.desk.caption is None)
    assert not house.daemon.showing
    assert house.desk.statuses[-1] == "idle"


def test_status_tells_latencies_model_and_microphone(house):
    house.send(DeviceReady("USB microphone"), HotkeyPressed())
    house.hear(np.concatenate([voice(2.0), silence(1.0)]))
    house.send(HotkeyReleased())
    house.hear(silence(0.2))
    house.until(lambda: house.is_idle() and house.daemon.status().last is not None)
    status = house.daemon.status()
    assert status.model == "loudness, no parameters"
    assert status.microphone == "USB microphone"
    assert (status.utterances, status.text, status.caption) == (1, "loud loud", None)
    assert status.last.audio == pytest.approx(2.3, abs=0.2)
    assert status.last.delivery is not None
    assert (status.hotkey, status.mode) == ("F9", "hold")


def test_while_it_listens_the_level_and_the_time_are_shown(house):
    house.until(house.is_idle)
    assert house.desk.metered is None
    house.send(HotkeyPressed())
    house.until(lambda: house.desk.metered is not None)
    level, seconds = house.desk.metered
    assert level == -20.0
    assert 0.0 <= seconds < 20.0


def test_a_request_is_carried_out_before_it_is_answered(house):
    house.until(house.is_idle)
    reply: Future[Reply] = Future()
    house.send(Asked(Request("start"), reply))
    assert reply.result(0).status.status == "listening"
    given_up: Future[Reply] = Future()
    given_up.cancel()
    house.send(Asked(Request("stop"), given_up))
    assert house.daemon.status().status == "finishing"


def ask(house, command, value=None):
    reply: Future[Reply] = Future()
    house.send(Asked(Request(command, value), reply))
    return reply


def test_a_request_that_is_refused_is_answered_by_why(house):
    house.until(house.is_idle)
    assert ask(house, "copy_last").result(0).error == (
        "Nothing was copied: nothing has been said yet"
    )
    house.send(Paused("locked"))
    assert "the screen is locked" in ask(house, "start").result(0).error
    house.send(Resumed("locked"))
    assert ask(house, "mute", "on").result(0).error is None
    for command in ("start", "toggle"):
        assert "The microphone is muted" in ask(house, command).result(0).error
    assert ask(house, "status").result(0).error is None
    assert ask(house, "mute", "off").result(0).error is None
    assert ask(house, "toggle").result(0).status.status == "listening"


def test_an_undo_is_answered_when_it_is_done_by_what_came_of_it(house):
    dictate(house)
    # One by a key first: the answers must not change places.
    house.send(Command("undo"))
    replies = [ask(house, command) for command in ("undo", "copy_last")]
    assert not any(reply.done() for reply in replies)
    house.until(lambda: all(reply.done() for reply in replies))
    undone, copied = (reply.result(0) for reply in replies)
    assert undone.error == "Not taken back: there is no text to take back"
    assert (copied.error, copied.status.text) == (None, "loud loud")
    dictate(house)
    reply = ask(house, "undo")
    house.until(reply.done)
    assert reply.result(0).error is None
    assert house.desk.written == []


def test_a_text_that_does_not_arrive_is_kept_told_and_shown_long_enough_to_read(house):
    house.desk.refuses = True
    house.send(HotkeyPressed())
    house.hear(voice(1.5))
    house.send(HotkeyReleased())
    house.until(lambda: house.kept)
    assert house.kept == ("loud loud",)
    house.until(house.is_idle)
    assert house.desk.warnings == [
        "Not delivered: the window is gone. `dictation history` shows the text"
    ]
    assert house.daemon.tick() > 1.0
    assert house.desk.caption == house.desk.warnings[0]


def test_a_lost_microphone_is_told_in_the_language_of_the_interface(house):
    house.send(Chosen(ChooseDisplay("zh")), DeviceLost("拔掉了"))
    assert house.desk.warnings == ["麦克风没有声音：拔掉了"]
    status = house.daemon.status()
    assert (status.microphone, status.problem) == (None, "麦克风没有声音：拔掉了")
    house.send(DeviceReady("USB"))
    assert house.daemon.status().problem is None


def test_what_the_menu_chooses_is_remembered_and_what_a_command_chooses_is_not(house, tmp_path):
    chosen = (ChooseDisplay("zh"), SetMode("toggle"), SetMicrophone("USB"), SetLanguage("en"))
    house.send(*(Chosen(each) for each in chosen), Chosen(SetMuted("on")))
    status = house.daemon.status()
    assert (status.display, status.mode, status.chosen_microphone) == ("zh", "toggle", "USB")
    assert (status.recognition, status.muted) == ("en", True)
    written = (tmp_path / "config.toml").read_text()
    settings = load_settings(tmp_path / "config.toml")
    assert (settings.interface.language, settings.hotkey.mode) == ("zh", "toggle")
    assert (settings.audio.device, settings.recognition.language) == ("USB", "en")
    house.send(Asked(Request("display", "en"), Future()), Asked(Request("mode", "hold"), Future()))
    assert (house.daemon.status().display, house.daemon.status().mode) == ("en", "hold")
    assert (tmp_path / "config.toml").read_text() == written


def test_settings_that_cannot_be_written_are_told_and_hold_for_now(house, tmp_path):
    (tmp_path / "config.toml").mkdir()
    house.send(Chosen(SetMode("toggle")))
    assert "config.toml" in house.desk.warnings[0]
    assert house.daemon.status().mode == "toggle"


def test_another_model_is_remembered_and_the_program_starts_again(house, tmp_path):
    house.send(Chosen(ChooseModel("no-such-model")))
    assert "no-such-model" in house.desk.warnings[0]
    reply: Future[Reply] = Future()
    house.send(Asked(Request("model", "no-such-model"), reply))
    assert "no-such-model" in (reply.result().error or "")
    assert not house.daemon.restarting
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").touch()
    house.send(Chosen(ChooseModel(str(tmp_path / "mine"))))
    house.until(lambda: house.daemon.ended)
    assert house.daemon.restarting
    assert load_settings(tmp_path / "config.toml").model.name == str(tmp_path / "mine")


def test_the_last_texts_are_in_the_menu_and_can_be_copied(house):
    house.until(house.is_idle)
    house.send(HotkeyPressed())
    house.hear(voice(1.5))
    house.send(HotkeyReleased())
    house.until(lambda: house.desk.written)
    assert house.desk.recent == ("loud loud",)
    house.send(Chosen(CopyText("an older one")))
    house.until(lambda: house.desk.clipboard == "an older one")


def test_each_start_and_stop_and_failure_has_its_sound(house):
    house.until(house.is_idle)
    house.desk.refuses = True
    house.send(HotkeyPressed())
    house.hear(voice(1.5))
    house.send(HotkeyReleased())
    house.until(lambda: house.kept and house.is_idle())
    assert house.desk.sounds == [("start", 0.0), ("stop", 0.04), ("error", 0.0)]


def test_the_settings_window_is_opened_at_its_page(house):
    house.send(Chosen(OpenSettings("about")))
    assert house.desk.page == "about"
    house.send(Asked(Request("settings"), Future()))
    assert house.desk.page == "trial"


def test_cancel_leaves_nothing_behind(house):
    house.until(house.is_idle)
    house.send(HotkeyPressed())
    house.hear(voice(2.0))
    house.until(lambda: house.desk.captions[-1] != "")
    assert house.daemon.status().caption == house.desk.captions[-1]
    house.send(Command("cancel"))
    house.until(lambda: house.is_idle() and not house.desk.open)
    house.until(lambda: house.desk.caption is None)
    assert house.desk.written == []
    assert house.kept == ()
    assert house.history.recent(10) == []
    assert (house.daemon.status().caption, house.daemon.status().text) == (None, None)


def test_quitting_in_mid_sentence_delivers_the_sentence(house):
    house.until(house.is_idle)
    house.send(HotkeyPressed())
    house.hear(voice(1.5))
    house.send(Command("quit"))
    house.until(lambda: house.daemon.ended)
    assert house.desk.written == [("loud loud", EDITOR)]
    assert house.daemon.error is None


def test_without_a_history_a_text_that_does_not_arrive_is_in_memory_and_can_be_copied(tmp_path):
    house = House(tmp_path, history=HistorySettings(enabled=False))
    house.desk.refuses = True
    house.until(house.is_idle)
    house.send(HotkeyPressed())
    house.hear(voice(1.5))
    house.send(HotkeyReleased())
    house.until(lambda: house.kept == ("loud loud",))
    assert house.desk.warnings == [
        "Not delivered: the window is gone. `dictation copy-last` copies the text"
    ]
    house.send(Command("copy_last"))
    house.until(lambda: house.desk.clipboard == "loud loud")
    house.close()
    assert not (tmp_path / "data").exists()


def test_a_delivered_text_is_in_the_history_with_its_application_and_latencies(house):
    house.send(HotkeyPressed())
    house.hear(voice(2.0))
    house.send(HotkeyReleased())
    house.hear(silence(0.2))
    house.until(lambda: house.is_idle() and house.desk.written)
    (entry,) = house.history.recent(10)
    assert (entry.text, entry.state, entry.application) == ("loud loud", "delivered", "Editor")
    assert {"audio", "compute", "delivery"} <= entry.latencies.keys()


def test_a_text_that_does_not_arrive_is_in_the_history_as_undelivered(house):
    house.desk.refuses = True
    house.send(HotkeyPressed())
    house.hear(voice(1.5))
    house.send(HotkeyReleased())
    house.until(lambda: house.kept)
    assert [(entry.text, entry.state) for entry in house.history.recent(10)] == [
        ("loud loud", "undelivered")
    ]


def test_a_history_that_cannot_be_written_does_not_stop_dictation(tmp_path, caplog):
    (tmp_path / "data" / "history.db").mkdir(parents=True)
    house = House(tmp_path)
    for _ in range(2):
        house.send(HotkeyPressed())
        house.hear(voice(1.5))
        house.send(HotkeyReleased())
        house.until(house.is_idle)
    house.until(lambda: len(house.desk.written) == 2)
    house.desk.refuses = True
    dictate(house)
    house.until(lambda: house.kept == (" loud loud",))
    assert "copy-last" in house.desk.warnings[-1]
    assert sum("the history is not written" in record.message for record in caplog.records) == 1
    house.close()


def test_partials_stand_at_the_cursor_and_a_cancel_takes_them_away(house):
    house.until(house.is_idle)
    house.send(HotkeyPressed())
    house.hear(voice(2.0))
    house.until(lambda: house.desk.preedit)
    house.send(Command("cancel"))
    house.until(lambda: house.is_idle() and not house.desk.preedit)
    assert house.desk.written == []


def test_the_last_text_is_copied_and_taken_back_on_request(house):
    house.send(Command("copy_last"))
    assert house.desk.warnings == ["Nothing was copied: nothing has been said yet"]
    house.send(HotkeyPressed())
    house.hear(voice(1.5))
    house.send(HotkeyReleased())
    house.until(lambda: house.is_idle() and house.desk.written)
    house.send(Command("copy_last"))
    house.until(lambda: house.desk.clipboard == "loud loud")
    house.send(Command("undo"))
    house.until(lambda: house.desk.warnings[-1] == "Taken back")
    assert house.desk.written == []
    house.send(Command("undo"))
    house.until(lambda: house.desk.warnings[-1] == "Not taken back: there is no text to take back")


def dictate(house, seconds=1.5):
    house.send(HotkeyPressed())
    house.hear(voice(seconds))
    house.send(HotkeyReleased())
    house.hear(silence(0.2))
    house.until(house.is_idle)


def test_a_snippet_is_delivered_in_place_of_its_phrase(tmp_path):
    house = House(tmp_path, settings={"commands": {"loud loud": "1 Long Street"}})
    dictate(house)
    assert house.desk.written == [("1 Long Street", EDITOR)]
    assert house.history.recent(1)[0].raw == "loud loud"
    house.close()


def test_the_users_words_count_as_soon_as_they_are_written_down(house, tmp_path):
    dictate(house)
    (tmp_path / "words.txt").write_text("loud -> Laut\n")
    dictate(house)
    assert [text for text, _ in house.desk.written] == ["loud loud", " Laut Laut"]


def test_a_text_that_is_taken_back_is_marked_in_the_history(house):
    dictate(house)
    house.send(Command("undo"))
    house.until(lambda: house.history.recent(1)[0].state == "cancelled")
