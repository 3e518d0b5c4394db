"""Texts are delivered one after the other, and each is answered for exactly once."""

import threading
from queue import SimpleQueue

import pytest

from dictation.actions import Deliver
from dictation.daemon.delivery import DeliveryDesk
from dictation.desktop.focus import Window
from dictation.desktop.output import DeliveryError, Receipt, UndoError
from dictation.desktop.output.base import Capabilities
from dictation.events import Copied, Delivered, DeliveryFailed, UndoRefused

EDITOR = Window(7, "Editor", "letter", 42)


class Page:
    """An output that writes onto a page; it refuses the text "no" and breaks at "break"."""

    name = "page"

    def __init__(self) -> None:
        self.written: list[tuple[str, Window | None]] = []
        self.shown: list[str] = []
        self.copied: list[str] = []
        self.free = threading.Event()
        self.free.set()
        self.closed = False

    def show_partial(self, text, target):
        self.shown.append(text)

    def undo_last(self):
        raise UndoError("somebody wrote below it")

    def copy(self, text):
        self.copied.append(text)

    capabilities = Capabilities(partials=True)

    def commit(self, text, target):
        if text == "no":
            raise DeliveryError("the page is full")
        if text == "break":
            raise LookupError("a mistake in the program")
        self.free.wait(10)
        self.written.append((text, target))
        return Receipt(self.name, 0.0)

    def close(self):
        self.closed = True


def order(utterance: int, text: str) -> Deliver:
    return Deliver(utterance, text, "en", pin=1)


@pytest.fixture
def page():
    return Page()


@pytest.fixture
def told():
    return SimpleQueue()


@pytest.fixture
def desk(page, told):
    desk = DeliveryDesk(page, told.put)
    desk.start()
    yield desk
    desk.close()


def test_texts_go_to_their_targets_in_order(desk, page, told):
    desk.deliver(order(1, "Hello."), EDITOR)
    desk.deliver(order(2, "你好。"), None)
    assert told.get(timeout=60) == Delivered(1, "page", pytest.approx(0.0, abs=5.0))
    assert told.get(timeout=60).utterance == 2
    assert page.written == [("Hello.", EDITOR), ("你好。", None)]


def test_partials_that_are_old_by_now_are_left_out_but_never_their_end(desk, page, told):
    page.free.clear()
    desk.deliver(order(1, "a long paste"), EDITOR)
    for text in (*(f"word {number}" for number in range(50)), "", "newer", "newest"):
        desk.show_partial(text, EDITOR)
    desk.copy("text")
    page.free.set()
    assert isinstance(told.get(timeout=60), Delivered)
    assert told.get(timeout=60) == Copied()
    assert page.shown == [""]


def test_taking_back_and_copying_are_told(desk, page, told):
    desk.undo_last()
    assert told.get(timeout=60) == UndoRefused("somebody wrote below it")
    desk.copy("last text")
    assert told.get(timeout=60) == Copied()
    assert page.copied == ["last text"]


def test_a_text_that_is_refused_is_told_with_the_reason_and_the_next_goes_on(page, told):
    desk = DeliveryDesk(page, told.put)
    desk.start()
    desk.deliver(order(1, "no"), None)
    desk.deliver(order(2, "yes"), None)
    assert told.get(timeout=60) == DeliveryFailed(1, "the page is full")
    assert told.get(timeout=60).utterance == 2
    desk.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_even_a_mistake_in_the_program_leaves_no_text_unanswered(page, told):
    desk = DeliveryDesk(page, told.put)
    desk.start()
    desk.deliver(order(1, "break"), None)
    assert told.get(timeout=60) == DeliveryFailed(1, "an error in the program")
    desk.deliver(order(2, "after"), None)
    assert isinstance(told.get(timeout=60), DeliveryFailed)
    desk.close()


def test_closing_finishes_what_was_ordered_and_closes_the_output(page, told):
    desk = DeliveryDesk(page, told.put)
    desk.start()
    for number in range(20):
        desk.deliver(order(number, f"text {number}"), None)
    desk.close()
    assert len(page.written) == 20
    assert page.closed
    assert "delivery" not in {thread.name for thread in threading.enumerate()}
