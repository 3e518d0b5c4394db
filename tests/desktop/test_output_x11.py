"""Texts pasted into real programs and read back; the clipboards are what they were before."""

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
from Xlib import X
from Xlib.display import Display

from dictation.desktop.applications import ApplicationRule
from dictation.desktop.environment import Environment
from dictation.desktop.hotkey import open_hotkeys
from dictation.desktop.keys import KeySpec
from dictation.desktop.output import (
    DeliveryError,
    FocusMovedError,
    Output,
    OutputSettings,
    check_output,
    open_output,
    selections,
)
from dictation.desktop.output.offers import Offer, Payload
from dictation.desktop.output.selections import SaveLimits, SelectionClient
from tests.desktop.apps import APPS, arrives, deaf_window, mousepad, tk_entry, xterm
from tests.hands import Hands
from tests.xsession import XSession, require, wait_until, xsession

TEXTS = (
    'Hello, world! It\'s 100% (a test) of <tags> & "quotes".',
    "今天我们讨论 API 的 response code 是 404。",
    "ok 👍🏽 done 🎉 café",
    "你好，世界",
)


@pytest.fixture
def output(env: Environment) -> Iterator[Output]:
    # None of these programs reads as often as Chromium does, so the usual wait can be shorter.
    opened = open_output(env, OutputSettings(fetch_seconds=5.0, settle_seconds=0.12))
    yield opened
    opened.close()


@contextmanager
def owner(display: str, offers: dict[str, Offer]) -> Iterator[SelectionClient]:
    """Another program that owns selections and serves them."""
    reader, writer = os.pipe()
    client = SelectionClient(Display(display), reader)
    client.display.set_error_handler(lambda error, request: None)
    ready, over = threading.Event(), threading.Event()

    def serve() -> None:
        for name, offer in offers.items():
            assert client.own(name, offer)
        ready.set()
        with suppress(OSError):
            client.pump(over.is_set, float("inf"))

    thread = threading.Thread(target=serve)
    thread.start()
    ready.wait(60)
    try:
        yield client
    finally:
        over.set()
        os.write(writer, b"!")
        thread.join()
        client.display.close()
        os.close(reader)
        os.close(writer)


def clipboard(
    session: XSession, target: str = "UTF8_STRING", selection: str = "clipboard"
) -> bytes:
    """What an independent program reads from a selection; empty when there is nothing."""
    return subprocess.run(
        [require("xclip"), "-selection", selection, "-o", "-t", target],
        env=session.env, capture_output=True, timeout=60, check=False,
    ).stdout  # fmt: skip


def copy(session: XSession, content: bytes, *options: str) -> None:
    """Let an independent program own a selection."""
    subprocess.run(
        [require("xclip"), "-i", *(options or ("-selection", "clipboard"))],
        env=session.env, input=content, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        timeout=60, check=True,
    )  # fmt: skip


@pytest.mark.parametrize("name", APPS)
def test_texts_arrive_once_and_the_clipboards_come_back(
    name: str, desktop: XSession, env: Environment
) -> None:
    output = open_output(env, OutputSettings())
    copy(desktop, "原来的剪贴板 old".encode())
    copy(desktop, b"old primary", "-selection", "primary")
    with APPS[name](desktop) as app:
        expected = ""
        for text in (*TEXTS, *random_texts(4)):
            receipt = output.commit(text, app.window)
            assert receipt.route == "x11"
            expected += text
            arrives(app, expected)
    output.close()
    wait_until(lambda: clipboard(desktop).decode() == "原来的剪贴板 old", "the old clipboard")
    primary = clipboard(desktop, selection="primary")
    assert primary == b"old primary"


def random_texts(count: int) -> list[str]:
    chance = random.Random(count)
    pieces = (
        "语音",
        "识别，",
        "桌面",
        "hello ",
        "API ",
        "don't ",
        "，好的。",
        "😀",
        "ok 👍🏽 ",
        "12:30 ",
    )
    return ["".join(chance.choices(pieces, k=chance.randint(1, 30))) for _ in range(count)]


def test_lines_arrive_as_lines(desktop: XSession, output: Output) -> None:
    with mousepad(desktop) as app:
        output.commit("第一行\nsecond line\n\n第四行", app.window)
        arrives(app, "第一行\nsecond line\n\n第四行")


def test_a_text_of_megabytes_arrives(desktop: XSession, output: Output) -> None:
    text = "很长的文字 long 👍 " * 60_000
    with xterm(desktop) as app:
        output.commit(text, app.window)
        wait_until(lambda: len(app.text()) >= len(text), "the whole text", 60)
        assert app.text() == text


def test_everything_the_old_clipboard_offered_is_back(desktop: XSession, output: Output) -> None:
    picture = random.Random(1).randbytes(3_000_000)
    old = Offer(
        {
            "text/html": Payload("text/html", 8, b"<b>bold</b>"),
            "UTF8_STRING": Payload("UTF8_STRING", 8, b"bold"),
            "image/png": Payload("image/png", 8, picture),
            "x-special/gnome-copied-files": Payload(
                "x-special/gnome-copied-files", 8, b"copy\nfile:///tmp/a"
            ),
            "_SPANS": Payload("INTEGER", 32, (1, 2, 70_000)),
        }
    )
    with owner(desktop.display, {"CLIPBOARD": old}), tk_entry(desktop) as app:
        output.commit("你好 hello", app.window)
        arrives(app, "你好 hello")
        wait_until(lambda: clipboard(desktop) == b"bold", "the old text")
        names = clipboard(desktop, "TARGETS").decode().split()
        assert set(old.targets) <= set(names)
        assert clipboard(desktop, "text/html") == b"<b>bold</b>"
        assert clipboard(desktop, "image/png") == picture
        assert clipboard(desktop, "x-special/gnome-copied-files") == b"copy\nfile:///tmp/a"
        assert reread(desktop, "_SPANS") == Payload("INTEGER", 32, (1, 2, 70_000))


def reread(session: XSession, target: str) -> Payload | None:
    reader, writer = os.pipe()
    client = SelectionClient(Display(session.display), reader)
    try:
        return client.read("CLIPBOARD", target, 5.0, 10_000_000)
    finally:
        client.display.close()
        os.close(reader)
        os.close(writer)


def test_a_clipboard_that_was_empty_is_empty_again(output: Output) -> None:
    with xsession() as session:
        env = Environment("linux", display=session.display)
        fresh = open_output(env, OutputSettings())
        with tk_entry(session) as app:
            fresh.commit("你好", app.window)
            arrives(app, "你好")
            wait_until(lambda: clipboard(session, "TARGETS") == b"", "an empty clipboard")
        fresh.close()


def test_what_is_copied_during_the_paste_stays(desktop: XSession, output: Output) -> None:
    copy(desktop, b"before")
    with tk_entry(desktop) as app:
        output.commit("你好", app.window)
        copy(desktop, b"newer")
        arrives(app, "你好")
        output.commit("吗", app.window)
        arrives(app, "你好吗")
    wait_until(lambda: clipboard(desktop) == b"newer", "the newer clipboard")


def test_an_owner_that_does_not_answer_costs_little(desktop: XSession, output: Output) -> None:
    silent = Display(desktop.display)
    window = silent.screen().root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
    window.set_selection_owner(silent.intern_atom("CLIPBOARD"), X.CurrentTime)
    silent.sync()
    with tk_entry(desktop) as app:
        output.commit("你好", app.window)
        arrives(app, "你好")
    silent.close()


def test_the_key_may_be_held_while_texts_arrive(
    desktop: XSession, env: Environment, output: Output, hands: Hands
) -> None:
    log: list[str] = []
    hotkey = open_hotkeys({"dictate": "F9"}, env)
    hotkey.start(lambda event: log.append(event.change))
    expected = ""
    with tk_entry(desktop) as app:
        hands.press("F9")
        wait_until(lambda: log == ["down"], "the press")
        started = time.monotonic()
        # Long enough for autorepeat to have taken the keyboard many times.
        while time.monotonic() - started < 2.0:
            output.commit("字a", app.window)
            expected += "字a"
        hands.release("F9")
        arrives(app, expected)
    wait_until(lambda: log == ["down", "up"], "the release")
    hotkey.stop()


@pytest.mark.parametrize("modifier", ["Control_R", "Alt_L", "Shift_L", "Super_L"])
def test_held_modifiers_are_awaited(
    modifier: str, desktop: XSession, output: Output, hands: Hands
) -> None:
    with tk_entry(desktop) as app:
        hands.press(modifier)
        late = threading.Timer(0.4, lambda: hands.release(modifier))
        late.start()
        assert output.commit("你好 hello", app.window).seconds > 0.3
        arrives(app, "你好 hello")
        late.join()


def test_a_modifier_that_stays_down_is_an_error_and_touches_nothing(
    desktop: XSession, env: Environment, hands: Hands
) -> None:
    copy(desktop, b"old")
    impatient = open_output(env, OutputSettings(held_seconds=0.2))
    with tk_entry(desktop) as app:
        hands.press("Control_L")
        with pytest.raises(DeliveryError, match="held for too long"):
            impatient.commit("你好", app.window)
        hands.release("Control_L")
        assert app.text() == ""
    assert clipboard(desktop) == b"old"
    impatient.close()


@pytest.mark.parametrize("lock", ["Caps_Lock", "Num_Lock"])
def test_lock_keys_do_no_harm(lock: str, desktop: XSession, output: Output, hands: Hands) -> None:
    hands.tap(lock)
    try:
        with tk_entry(desktop) as app:
            output.commit("你好 Hello", app.window)
            arrives(app, "你好 Hello")
    finally:
        hands.tap(lock)


def test_a_moved_focus_gets_nothing(desktop: XSession, output: Output) -> None:
    copy(desktop, b"old")
    with tk_entry(desktop) as first, xterm(desktop) as second:
        with pytest.raises(FocusMovedError, match="the focus has moved"):
            output.commit("你好", first.window)
        assert (first.text(), second.text()) == ("", "")
    assert clipboard(desktop) == b"old"


def test_a_window_that_takes_nothing_leaves_the_text_in_the_clipboard(
    desktop: XSession, env: Environment
) -> None:
    copy(desktop, b"old")
    output = open_output(env, OutputSettings(fetch_seconds=0.5))
    with ExitStack() as stack:
        deaf = stack.enter_context(deaf_window(desktop))
        with pytest.raises(DeliveryError, match="in the clipboard"):
            output.commit("没有丢 not lost", deaf)
        # Reading by a program without the focus does not use the text up.
        assert clipboard(desktop).decode() == "没有丢 not lost"
        assert clipboard(desktop).decode() == "没有丢 not lost"
        with tk_entry(desktop) as app:
            output.commit("下一句", app.window)
            arrives(app, "下一句")
    wait_until(lambda: clipboard(desktop) == b"old", "the clipboard from before both")
    output.close()


def test_a_late_reader_still_gets_the_text_and_then_the_old_clipboard_is_back(
    desktop: XSession, env: Environment, hands: Hands
) -> None:
    copy(desktop, b"old")
    output = open_output(
        env,
        OutputSettings(
            fetch_seconds=0.3,
            applications=(ApplicationRule("entrytest", paste_keys=KeySpec("F12", ("ctrl",))),),
        ),
    )
    with tk_entry(desktop) as app:
        with pytest.raises(DeliveryError, match="in the clipboard"):
            output.commit("晚到 late", app.window)
        hands.tap("Control_L", "v")
        arrives(app, "晚到 late")
        wait_until(lambda: clipboard(desktop) == b"old", "the old clipboard")
    output.close()


def test_a_window_that_stood_still_gets_no_text_twice(desktop: XSession, env: Environment) -> None:
    output = open_output(env, OutputSettings(fetch_seconds=0.5))
    with tk_entry(desktop) as app:
        window = desktop.children[-1]
        os.killpg(window.pid, signal.SIGSTOP)
        with pytest.raises(DeliveryError, match="in the clipboard"):
            output.commit("一", app.window)
        # The chord for the first one is still on its way and would bring whatever is offered.
        with pytest.raises(DeliveryError, match="has not taken the last text yet"):
            output.commit("二", app.window)
        os.killpg(window.pid, signal.SIGCONT)
        arrives(app, "一")
        output.commit("三", app.window)
        arrives(app, "一三")
    output.close()


def test_an_open_menu_keeps_the_chord_away_from_itself(desktop: XSession, env: Environment) -> None:
    output = open_output(env, OutputSettings(held_seconds=0.3))
    grabber = Display(desktop.display)
    with tk_entry(desktop) as app:
        root = grabber.screen().root
        root.grab_keyboard(False, X.GrabModeAsync, X.GrabModeAsync, X.CurrentTime)
        grabber.sync()
        with pytest.raises(DeliveryError, match="holds the keyboard"):
            output.commit("你好", app.window)
        grabber.ungrab_keyboard(X.CurrentTime)
        grabber.sync()
        output.commit("好", app.window)
        arrives(app, "好")
    grabber.close()
    output.close()


def test_a_layout_without_latin_letters_pastes_all_the_same(
    desktop: XSession, output: Output, hands: Hands
) -> None:
    code = hands.code("v")
    before = hands.display.get_keyboard_mapping(code, 1)[0]
    with tk_entry(desktop) as app:
        hands.display.change_keyboard_mapping(code, [[0x6CD, 0x6ED]])
        hands.display.sync()
        try:
            output.commit("你好", app.window)
            arrives(app, "你好")
        finally:
            hands.display.change_keyboard_mapping(code, [before])
            hands.display.sync()


def test_a_clipboard_manager_neither_doubles_nor_swallows_a_text() -> None:
    require("parcellite")
    with xsession() as session:
        session.spawn([require("parcellite"), "-n"])
        copy(session, b"old")
        output = open_output(Environment("linux", display=session.display), OutputSettings())
        expected = ""
        with tk_entry(session) as app:
            for text in TEXTS:
                # Parcellite looks twice a second: it reads ours before, in and after the paste.
                output.commit(text, app.window)
                expected += text
                arrives(app, expected)
                time.sleep(0.3)
        wait_until(lambda: clipboard(session) == b"old", "the old clipboard")
        output.close()


def test_a_watcher_that_reads_at_once_is_not_taken_for_the_target(
    desktop: XSession, env: Environment
) -> None:
    output = open_output(env, OutputSettings(fetch_seconds=0.5))
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            clipboard(desktop)

    watcher = threading.Thread(target=watch)
    with tk_entry(desktop) as app:
        watcher.start()
        for _ in range(5):
            assert output.commit("字", app.window).route == "x11"
        arrives(app, "字字字字字")
        over.set()
        watcher.join()
    output.close()


def test_the_clipboard_outlives_us() -> None:
    with xsession() as session:
        copy(session, "留下 stay".encode())
        output = open_output(Environment("linux", display=session.display), OutputSettings())
        with tk_entry(session) as app:
            output.commit("你好", app.window)
            arrives(app, "你好")
        output.close()
        assert clipboard(session).decode() == "留下 stay"
        copy(session, b"next")
        assert clipboard(session) == b"next"


def test_the_display_may_go_away() -> None:
    with xsession() as session:
        output = open_output(Environment("linux", display=session.display), OutputSettings())
    with pytest.raises(DeliveryError, match="is gone"):
        output.commit("你好", None)
    output.close()


def test_nothing_is_done_for_no_text(output: Output) -> None:
    assert output.commit("", None).seconds == 0.0


def test_without_a_focused_window_nothing_is_sent() -> None:
    with xsession() as session:
        output = open_output(Environment("linux", display=session.display), OutputSettings())
        with pytest.raises(DeliveryError, match="no window has the focus"):
            output.commit("你好", None)
        output.close()


def test_several_targets_are_answered_in_one_request(desktop: XSession) -> None:
    offer = Offer(
        {"A": Payload("A", 8, b"one"), "B": Payload("B", 8, b"two"), "C": Payload("C", 16, (3,))}
    )
    with owner(desktop.display, {"CLIPBOARD": offer}):
        display = Display(desktop.display)
        atom = display.intern_atom
        window = display.screen().root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
        pairs = [atom("A"), atom("PA"), atom("NONE_SUCH"), atom("PX"), atom("C"), atom("PC")]
        window.change_property(atom("PAIRS"), atom("ATOM_PAIR"), 32, pairs)
        window.convert_selection(atom("CLIPBOARD"), atom("MULTIPLE"), atom("PAIRS"), X.CurrentTime)
        display.sync()
        wait_until(lambda: display.pending_events(), "the answer")
        assert display.next_event().property == atom("PAIRS")
        answered = list(window.get_full_property(atom("PAIRS"), X.AnyPropertyType).value)
        assert answered == [*pairs[:3], X.NONE, *pairs[4:]]
        assert window.get_full_property(atom("PA"), X.AnyPropertyType).value == b"one"
        assert list(window.get_full_property(atom("PC"), X.AnyPropertyType).value) == [3]
        display.close()


def test_saving_stops_at_its_limits(desktop: XSession) -> None:
    big = Payload("image/bmp", 8, bytes(400_000))
    offer = Offer({"image/bmp": big, "UTF8_STRING": Payload("UTF8_STRING", 8, b"text")})
    reader, writer = os.pipe()
    with owner(desktop.display, {"CLIPBOARD": offer}):
        client = SelectionClient(Display(desktop.display), reader)
        saved = client.save("CLIPBOARD", SaveLimits(total_bytes=100_000))
        assert saved is not None
        assert list(saved.targets) == ["UTF8_STRING"]
        saved = client.save("CLIPBOARD", SaveLimits())
        assert saved is not None
        assert saved == offer
        client.display.close()
    os.close(reader)
    os.close(writer)


def test_of_what_comes_in_pieces_nothing_is_saved_or_all(
    desktop: XSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytes(range(256)) * 1000

    def pieces(payload: Payload) -> Iterator[bytes]:
        yield content[:20_000]
        yield content[20_000:120_000]
        yield content[120_000:]

    monkeypatch.setattr(selections, "_pieces", pieces)
    offer = Offer({"UTF8_STRING": Payload("UTF8_STRING", 8, content)})
    reader, writer = os.pipe()
    with owner(desktop.display, {"CLIPBOARD": offer}):
        client = SelectionClient(Display(desktop.display), reader)
        assert client.save("CLIPBOARD", SaveLimits(total_bytes=50_000)) is None
        assert client.save("CLIPBOARD", SaveLimits()) == offer
        client.display.close()
    os.close(reader)
    os.close(writer)


def test_the_doctor_sees_the_display(env: Environment) -> None:
    assert check_output(env, OutputSettings()).status == "ok"
