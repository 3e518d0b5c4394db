"""Which route, which chord, which data: the decisions without a display."""

import subprocess
import sys

import pytest

from dictation.desktop.environment import Environment
from dictation.desktop.keys import KeySpecError
from dictation.desktop.output import OutputSettings, check_output, choose_output, open_output
from dictation.desktop.output.chords import EVERYWHERE, TERMINAL, USUAL, paste_rule
from dictation.desktop.output.keeper import decode_offers, encode_offers
from dictation.desktop.output.offers import Offer, Payload, saving_order, text_offer
from tests.xsession import XSession, require


@pytest.mark.parametrize(
    ("env", "kind"),
    [
        (Environment("linux", display=":0"), "x11"),
        (Environment("linux", display=":0", wayland_display="wayland-0"), "clipboard"),
        (Environment("linux", session_type="wayland"), "clipboard"),
        (Environment("linux"), "clipboard"),
        (Environment("windows"), "clipboard"),
    ],
)
def test_the_route_follows_the_session(env: Environment, kind: str) -> None:
    choice = choose_output(env, OutputSettings())
    assert choice.kind == kind
    assert choice.reason


def test_the_configuration_may_ask_for_the_clipboard() -> None:
    env = Environment("linux", display=":0")
    settings = OutputSettings(route="clipboard")
    assert choose_output(env, settings).kind == "clipboard"
    assert open_output(env, settings).name == "clipboard"


def test_without_a_display_the_doctor_says_so() -> None:
    check = check_output(Environment("linux"), OutputSettings())
    assert check.status == "failed"
    assert check.remedy


def test_terminals_have_their_own_chords() -> None:
    assert paste_rule("XTerm") == EVERYWHERE
    assert paste_rule("Gnome-terminal") == TERMINAL
    assert paste_rule("Firefox") == USUAL
    assert paste_rule("") == USUAL


def test_the_users_chords_go_first() -> None:
    assert str(paste_rule("XTerm", {"xterm": "ctrl+shift+v"}).chord) == "ctrl+shift+v"
    assert paste_rule("Foo", {"foo": "shift+Insert"}).selections == ("CLIPBOARD", "PRIMARY")
    with pytest.raises(KeySpecError):
        paste_rule("Foo", {"foo": "strange+v"})


def test_latin_1_is_offered_only_where_it_can_hold_the_text() -> None:
    assert text_offer("café").targets["STRING"].data == b"caf\xe9"
    assert "STRING" not in text_offer("咖啡").targets


def test_text_is_saved_before_pictures_and_conversions_last() -> None:
    offered = ["TARGETS", "image/bmp", "image/png", "text/html", "UTF8_STRING", "SAVE_TARGETS"]
    assert saving_order(offered) == ["UTF8_STRING", "text/html", "image/png", "image/bmp"]


def test_an_offer_survives_the_way_to_the_keeper() -> None:
    offer = Offer({"a": Payload("a", 8, b"\0\xff"), "b": Payload("INTEGER", 32, (1, 2**32 - 1))})
    assert decode_offers(encode_offers({"PRIMARY": offer})) == {"PRIMARY": offer}


def test_the_plain_clipboard_works(desktop: XSession) -> None:
    require("xclip")
    code = (
        "from dictation.desktop.output.clipboard import ClipboardCopy;"
        "ClipboardCopy().deliver('你好 hello', None)"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        env=desktop.env, stdout=subprocess.DEVNULL, timeout=20, check=True,
    )  # fmt: skip
    pasted = subprocess.run(
        ["xclip", "-selection", "clipboard", "-o"],
        env=desktop.env, capture_output=True, timeout=20, check=True,
    )  # fmt: skip
    assert pasted.stdout.decode() == "你好 hello"
