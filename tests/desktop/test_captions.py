"""The caption window on a real screen: what is seen, what it leaves alone, where lines break."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from Xlib import X, Xatom
from Xlib.display import Display
from Xlib.error import BadWindow

from dictation.desktop.captions import (
    CaptionSettings,
    NoCaptions,
    check_captions,
    choose_captions,
    open_captions,
)
from dictation.desktop.captions.layout import (
    Box,
    Monitor,
    choose_monitor,
    clock_face,
    displayable,
    last_lines,
    loudness,
    place,
    split_lines,
    wrap,
)
from dictation.desktop.captions.look import DARK, LIGHT, Palette, contrast, rounded_rows
from dictation.desktop.environment import Environment
from dictation.desktop.focus import focused_window
from tests.desktop.apps import tk_entry, xterm
from tests.hands import Hands
from tests.screen import number, screen_colours
from tests.xsession import XSession, require, wait_until, xsession

# Tk ends its whole process when its display goes away, so it gets a process of its own.
_CHILD = """
import json, queue, sys, threading
from dictation.desktop.captions import CaptionSettings, CaptionView, open_captions
from dictation.desktop.environment import read_environment

captions = open_captions(read_environment(), CaptionSettings(**json.loads(sys.argv[1])))
orders = queue.SimpleQueue()
def read():
    for line in sys.stdin:
        orders.put(json.loads(line))
    orders.put({"do": "stop"})
threading.Thread(target=read, daemon=True).start()
def poll():
    while not orders.empty():
        order = orders.get()
        match order.pop("do"):
            case "show": captions.show(CaptionView(**order))
            case "hide": captions.hide()
            case "meter": captions.meter(**order)
            case "stop": captions.stop()
            case "fail": raise ValueError("from the poll")
        print("done", flush=True)
print(type(captions).__name__, flush=True)
try:
    captions.run(poll, 10)
    print("stopped", flush=True)
except ValueError as error:
    print(error, flush=True)
captions.close()
"""


class Caption:
    """A caption window in another process."""

    def __init__(self, child: "subprocess.Popen[str]") -> None:
        self._child = child

    def order(self, do: str, **view: str | float | None) -> str:
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps({"do": do, **view}) + "\n")
        self._child.stdin.flush()
        return self.line()

    def line(self) -> str:
        assert self._child.stdout is not None
        return self._child.stdout.readline().strip()


@contextmanager
def caption(session: XSession, **settings: str | int) -> Iterator[Caption]:
    with subprocess.Popen(
        [sys.executable, "-c", _CHILD, json.dumps({"theme": "dark", **settings})],
        env=session.env, cwd=Path.cwd(), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as child:  # fmt: skip
        opened = Caption(child)
        assert opened.line() == "CaptionWindow"
        yield opened
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(60) == 0


def card_box(session: XSession, palette: Palette = DARK) -> tuple[int, int, int, int] | None:
    """The place of the card on the screen (left, top, right, bottom), by its colour."""
    rows, columns = np.nonzero(screen_colours(session.display) == number(palette.card))
    if not len(rows):
        return None
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def count(session: XSession, colour: str) -> int:
    return int((screen_colours(session.display) == number(colour)).sum())


def focus_of(session: XSession) -> int:
    display = Display(session.display)
    window = focused_window(display)
    display.close()
    return window.id if window else 0


def test_the_focus_stays_and_clicks_and_keys_go_to_the_window_below(desktop: XSession) -> None:
    with xterm(desktop) as app, Hands(desktop.display) as hands, caption(desktop) as shown:
        assert focus_of(desktop) == app.window.id
        with clicks_below(desktop) as clicks:
            shown.order("show", text="今天我们讨论 API", language="mix", stage="partial")
            left, top, right, bottom = wait_until(lambda: card_box(desktop), "the card")
            assert focus_of(desktop) == app.window.id
            assert abs((left + right) / 2 - 640) <= 1
            assert 600 < top < bottom <= 800 - 60
            hands.click((left + right) // 2, (top + bottom) // 2)
            wait_until(lambda: clicks() == 1, "the click to go through")
            hands.click(left + 40, top + 20)
            wait_until(lambda: clicks() == 2, "the click to go through")
        assert focus_of(desktop) == app.window.id
        hands.tap("a")
        wait_until(lambda: app.text() == "a", "the key to arrive")
        shown.order("hide")
        wait_until(lambda: card_box(desktop) is None, "the card to go")
        assert focus_of(desktop) == app.window.id


@contextmanager
def clicks_below(session: XSession) -> Iterator[Callable[[], int]]:
    """A window over the whole screen that counts clicks and takes no focus."""
    display = Display(session.display)
    root = display.screen().root
    window = root.create_window(
        0, 0, 1280, 800, 0, X.CopyFromParent, override_redirect=True,
        event_mask=X.ButtonPressMask, background_pixel=0,
    )  # fmt: skip
    window.map()
    display.sync()
    seen: list[object] = []

    def clicks() -> int:
        display.sync()
        while display.pending_events():
            event = display.next_event()
            if event.type == X.ButtonPress:
                seen.append(event)
        return len(seen)

    try:
        yield clicks
    finally:
        display.close()


def test_the_card_comes_above_a_window_that_opened_later(desktop: XSession) -> None:
    with caption(desktop) as shown:
        shown.order("show", text="一", stage="partial")
        wait_until(lambda: card_box(desktop), "the card")
        with clicks_below(desktop):
            wait_until(lambda: card_box(desktop) is None, "the card to be covered")
            shown.order("show", text="一二", stage="partial")
            wait_until(lambda: card_box(desktop), "the card on top")


@pytest.mark.parametrize(("theme", "palette"), [("dark", DARK), ("light", LIGHT)])
@pytest.mark.parametrize("language", ["zh", "en", "mix"])
def test_the_language_has_its_colour(
    theme: str, palette: Palette, language: str, desktop: XSession
) -> None:
    with caption(desktop, theme=theme) as shown:
        shown.order("show", text="你好 hello", language=language, stage="final")
        colour = palette.languages[language]  # type: ignore[index]
        wait_until(lambda: count(desktop, colour) > 200, "the label")
        assert count(desktop, palette.text) > 50


def test_a_long_text_shows_its_end_in_at_most_three_lines(desktop: XSession) -> None:
    with caption(desktop) as shown:
        shown.order("show", text="短", stage="partial")
        _, one_top, _, one_bottom = wait_until(lambda: card_box(desktop), "the card")
        shown.order("show", text="很长的一句话，" * 60, stage="partial")
        wait_until(lambda: (card_box(desktop) or (0, one_top))[1] < one_top, "a taller card")
        _, top, _, bottom = wait_until(lambda: card_box(desktop), "the card")
        assert bottom == one_bottom
        assert bottom - top < 220
        shown.order("show", text="emoji 😀👍🏽 are left out", stage="partial")
        wait_until(lambda: card_box(desktop), "the card")


def test_what_may_still_change_looks_different(desktop: XSession) -> None:
    with caption(desktop) as shown:
        shown.order("show", text="今天我们讨论", stage="partial")
        wait_until(lambda: count(desktop, DARK.text) > 50, "the words")
        assert count(desktop, DARK.unstable) == 0
        shown.order("show", text="今天我们讨论 API", unstable=" API", stage="partial")
        wait_until(lambda: count(desktop, DARK.unstable) > 20, "the unsettled words")
        assert count(desktop, DARK.text) > 50


def test_the_meter_moves_with_the_voice(desktop: XSession) -> None:
    colour = DARK.stages["listening"]
    with caption(desktop) as shown:
        shown.order("show", stage="listening")
        quiet = wait_until(lambda: count(desktop, colour), "the meter")
        for _ in range(20):
            shown.order("meter", level=-20.0, seconds=1.0)
        loud = wait_until(lambda: count(desktop, colour) > quiet + 300, "the meter to rise")
        assert loud
        shown.order("show", text="好", stage="final")
        wait_until(lambda: count(desktop, colour) == 0, "the meter to go")


def width_at(session: XSession, dots: int) -> int:
    """The card's width on a desktop set to so many dots an inch."""
    connection = Display(session.display)
    connection.screen().root.change_text_property(
        Xatom.RESOURCE_MANAGER, Xatom.STRING, f"Xft.antialias:\t1\nXft.dpi:\t{dots}\n"
    )
    connection.sync()
    connection.close()
    with caption(session) as shown:
        shown.order("show", text="你好", stage="partial")
        left, _, right, _ = wait_until(lambda: card_box(session), "the card")
    wait_until(lambda: card_box(session) is None, "the card to go")
    return int(right - left)


def test_it_is_larger_on_a_dense_screen() -> None:
    with xsession(size="1600x600") as session:
        usual = width_at(session, 96)
        assert width_at(session, 144) == pytest.approx(1.5 * usual, abs=4)


def test_it_is_shown_on_the_monitor_of_the_focused_window() -> None:
    with xsession(size="1600x600") as session:
        for name, x in (("LEFT", 0), ("RIGHT", 800)):
            command = [require("xrandr"), "--setmonitor", name, f"800/200x600/150+{x}+0", "none"]
            subprocess.run(command, env=session.env, check=True, timeout=60)
        with xterm(session, "40x10+900+50"):
            for monitor, middle in (("focus", 1200), ("LEFT", 400)):
                with caption(session, monitor=monitor, width=400) as shown:
                    shown.order("show", text="你好", stage="partial")
                    left, _, right, _ = wait_until(lambda: card_box(session), "the card")
                    assert abs((left + right) / 2 - middle) <= 1
                wait_until(lambda: card_box(session) is None, "the card to go")


def test_it_fades_where_windows_are_blended() -> None:
    with xsession() as session:
        session.spawn([require("picom"), "--backend", "xrender", "--config", "/dev/null"])
        wait_until(lambda: owned(session, "_NET_WM_CM_S0"), "the compositor")
        with caption(session) as shown:
            shown.order("show", text="你好", stage="final")
            wait_until(lambda: card_box(session), "the card")
            shown.order("hide")
            wait_until(lambda: 0 < opacity_of_captions(session) < 1, "a paler card", pause=0.005)
            wait_until(lambda: card_box(session) is None, "the card to go")


def owned(session: XSession, selection: str) -> bool:
    display = Display(session.display)
    owner = display.get_selection_owner(display.intern_atom(selection))
    display.close()
    return bool(owner != X.NONE)


def opacity_of_captions(session: XSession) -> float:
    """The least opaque window of the screen, from 0 to 1."""
    display = Display(session.display)
    atom = display.intern_atom("_NET_WM_WINDOW_OPACITY")
    found = [1.0]
    for window in display.screen().root.query_tree().children:
        with suppress(BadWindow):
            value = window.get_full_property(atom, Xatom.CARDINAL)
            found += [value.value[0] / 0xFFFFFFFF] if value else []
    display.close()
    return min(found)


def test_the_card_may_be_at_the_top(desktop: XSession) -> None:
    with caption(desktop, position="top") as shown:
        shown.order("show", text="你好", stage="listening")
        _, top, _, bottom = wait_until(lambda: card_box(desktop), "the card")
        assert 50 < top < bottom < 250


def test_corners_are_round(desktop: XSession) -> None:
    with tk_entry(desktop), caption(desktop) as shown:
        before = screen_colours(desktop.display)
        shown.order("show", text="你好", stage="partial")
        left, top, right, bottom = wait_until(lambda: card_box(desktop), "the card")
        after = screen_colours(desktop.display)
        for x, y in ((left, top), (right - 1, top), (left, bottom - 1), (right - 1, bottom - 1)):
            assert after[y, x] == before[y, x]


def test_what_the_poll_raises_ends_the_loop_and_goes_on(desktop: XSession) -> None:
    with caption(desktop) as shown:
        assert shown.order("fail") == "from the poll"
    with caption(desktop) as shown:
        assert shown.order("stop") == "done"
        assert shown.line() == "stopped"


def test_without_a_window_the_loop_is_the_same() -> None:
    captions = open_captions(Environment("linux"), CaptionSettings())
    assert isinstance(captions, NoCaptions)
    turns: list[int] = []

    def poll() -> None:
        turns.append(1)
        if len(turns) == 3:
            captions.stop()

    captions.run(poll, 1)
    assert len(turns) == 3
    captions.run(captions.stop, 1)
    captions.close()


def test_the_doctor_explains_what_is_missing(tmp_path: Path) -> None:
    wayland = Environment("linux", wayland_display=str(tmp_path / "wayland-9"))
    check = check_captions(wayland)
    assert check.status == "warning"
    assert "gir1.2-gtklayershell-0.1" in (check.remedy or "")
    assert check_captions(Environment("linux")).status == "warning"
    choice = choose_captions(Environment("linux", display=":0"), has_tkinter=False)
    assert choice.remedy == "sudo apt install python3-tk"
    assert choose_captions(Environment("linux", display=":0"), has_tkinter=True).kind == "tk"
    assert choose_captions(wayland, has_tkinter=False).kind == "wayland"


@pytest.mark.parametrize("palette", [DARK, LIGHT])
def test_all_text_can_be_read(palette: Palette) -> None:
    for colour in (palette.text, palette.quiet, palette.unstable, palette.error):
        assert contrast(colour, palette.card) >= 4.5
    for ground in palette.languages.values():
        assert contrast(palette.pill_text, ground) >= 4.5


def test_chinese_breaks_anywhere_but_before_closing_marks() -> None:
    assert wrap("一二三四五", len, 3) == ["一二三", "四五"]
    assert wrap("一二三，四", len, 3) == ["一二", "三，四"]
    assert wrap("一二（三）", len, 3) == ["一二", "（三）"]
    assert wrap("用 API 的 code", len, 5) == ["用 API", "的", "code"]


def test_latin_words_stay_whole_while_they_fit() -> None:
    assert wrap("the quick brown fox", len, 10) == ["the quick", "brown fox"]
    assert wrap("incomprehensible", len, 6) == ["incomp", "rehens", "ible"]
    assert wrap("a\n\nb", len, 6) == ["a", "", "b"]
    assert wrap("", len, 6) == [""]


TEXT = st.text(st.sampled_from("一二，。（）“” abc,.'-\n字"), max_size=60)


@given(TEXT, st.integers(2, 12))
def test_no_letter_is_lost_and_no_line_is_too_long(text: str, width: int) -> None:
    lines = wrap(text, len, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "").replace("\n", "")
    assert all(len(line) <= width for line in lines)


def test_of_too_many_lines_the_end_is_kept() -> None:
    assert last_lines(["a", "b", "c"], 2) == (["b", "c"], True)
    assert last_lines(["a"], 2) == (["a"], False)


def test_the_card_is_placed_on_the_monitor_where_the_user_is() -> None:
    left, right = Box(0, 0, 1920, 1080), Box(1920, 200, 1280, 800)
    screen_box = Box(0, 0, 3200, 1080)
    both = [Monitor("A", left, primary=True), Monitor("B", right)]
    on_left, on_right = (10, 10), (2000, 300)
    assert choose_monitor(both, "focus", on_right, on_left, screen_box) == right
    assert choose_monitor(both, "focus", None, on_right, screen_box) == right
    assert choose_monitor(both, "pointer", on_right, on_left, screen_box) == left
    assert choose_monitor(both, "primary", on_right, on_right, screen_box) == left
    assert choose_monitor(both, "B", on_left, on_left, screen_box) == right
    assert choose_monitor(both, "unplugged", on_right, on_right, screen_box) == left
    assert choose_monitor([], "focus", (1, 1), (1, 1), screen_box) == screen_box
    assert place((760, 100), right, top=False, margin=60) == (2180, 840)
    assert place((760, 100), right, top=True, margin=60) == (2180, 260)


def test_a_line_is_split_where_the_text_may_still_change() -> None:
    assert split_lines(["用 API", "的 code"], "用 AP") == [("用 AP", "I"), ("", "的 code")]
    assert split_lines(["all of it"], "all of it") == [("all of it", "")]
    assert split_lines(["new"], "") == [("", "new")]


@given(TEXT, st.integers(2, 12), st.integers(0, 60))
def test_the_halves_of_the_lines_are_the_halves_of_the_text(text: str, width: int, at: int) -> None:
    halves = split_lines(wrap(text, len, width), text[:at])
    for part, side in ((text[:at], 0), (text[at:], 1)):
        shown = "".join(half[side] for half in halves)
        assert "".join(shown.split()) == "".join(part.split())


def test_the_clock_and_the_meter() -> None:
    assert [clock_face(seconds) for seconds in (0.0, 7.9, 61.0, 600.0)] == [
        "0:00", "0:07", "1:01", "10:00",
    ]  # fmt: skip
    assert loudness(-96.0) == 0.0
    assert 0.3 < loudness(-36.0) < 0.7
    assert loudness(0.0) == 1.0


def test_emoji_are_left_to_the_target_window() -> None:
    assert displayable("好👍🏽 ok\x07") == "好 ok"


def test_rounded_rows_cover_the_rectangle_but_its_corners() -> None:
    rows = rounded_rows(100, 50, 10)
    assert sum(height for _, _, _, height in rows) == 50
    assert sum(width * height for _, _, width, height in rows) > 100 * 50 - 100
    assert all(x >= 0 and x + width <= 100 for x, _, width, _ in rows)
