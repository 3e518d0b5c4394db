"""Which route, which chord, which data: the decisions without a display."""

import subprocess
import sys

import pytest

from dictation.desktop.environment import Environment
from dictation.desktop.keys import KeySpec
from dictation.desktop.output import OutputSettings, check_output
from dictation.desktop.output.choosing import PROGRAMS, Means, rank_routes
from dictation.desktop.output.chords import EVERYWHERE, TERMINAL, USUAL, is_terminal, paste_rule
from dictation.desktop.output.keeper import decode_offers, encode_offers
from dictation.desktop.output.offers import Offer, Payload, saving_order, text_offer
from tests.xsession import XSession, require

EVERYTHING = Means(
    programs=frozenset(PROGRAMS), ibus="unix:path=/run/ibus", clipboard=True, keyboard=True
)


@pytest.mark.parametrize(
    ("env", "names"),
    [
        (Environment("linux", display=":0"), ["ibus", "x11", "xtest", "clipboard"]),
        (
            Environment("linux", display=":0", wayland_display="wayland-0"),
            ["ibus", "wayland", "wtype", "clipboard"],
        ),
        (Environment("windows"), ["windows", "clipboard"]),
        (Environment("linux"), []),
    ],
)
def test_the_routes_follow_the_session(env: Environment, names: list[str]) -> None:
    ranked = rank_routes(env, OutputSettings(), EVERYTHING)
    assert [route.name for route in ranked if route.usable] == names
    assert all(route.reason for route in ranked)
    assert all(route.remedy for route in ranked if not route.usable)


def test_a_compositor_that_lets_nobody_in_leaves_ibus_and_the_clipboard() -> None:
    gnome = Means(programs=frozenset(PROGRAMS), ibus="unix:path=/run/ibus")
    ranked = rank_routes(Environment("linux", wayland_display="wayland-0"), OutputSettings(), gnome)
    assert [route.name for route in ranked if route.usable] == ["ibus", "clipboard"]


def test_the_configuration_may_ask_for_one_route_alone() -> None:
    env = Environment("linux", display=":0")
    ranked = rank_routes(env, OutputSettings(route="clipboard"), EVERYTHING)
    assert [route.name for route in ranked] == ["clipboard"]


def test_a_route_that_the_session_does_not_have_is_told() -> None:
    ranked = rank_routes(Environment("linux", display=":0"), OutputSettings(route="macos"), Means())
    assert [route.usable for route in ranked] == [False]
    assert 'output.route is "macos"' in ranked[0].reason


def test_without_a_display_the_doctor_says_so() -> None:
    check = check_output(Environment("linux"), OutputSettings())
    assert check.status == "failed"
    assert check.remedy


def test_terminals_have_their_own_chords() -> None:
    assert paste_rule("XTerm") == EVERYWHERE
    assert paste_rule("Gnome-terminal") == TERMINAL
    assert paste_rule("Firefox") == USUAL
    assert paste_rule("") == USUAL


def test_only_terminals_take_a_line_end_for_enter() -> None:
    assert is_terminal("XTerm")
    assert is_terminal("foot")
    assert not is_terminal("Gvim")


def test_the_users_chords_go_first() -> None:
    own = KeySpec("v", ("ctrl", "shift"))
    assert paste_rule("XTerm", own).chord == own
    assert paste_rule("Foo", KeySpec("Insert", ("shift",))).selections == ("CLIPBOARD", "PRIMARY")


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
        "from dictation.desktop.output.clipboard import copy_with_program;"
        "copy_with_program('你好 hello')"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        env=desktop.env, stdout=subprocess.DEVNULL, timeout=60, check=True,
    )  # fmt: skip
    pasted = subprocess.run(
        ["xclip", "-selection", "clipboard", "-o"],
        env=desktop.env, capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    assert pasted.stdout.decode() == "你好 hello"
