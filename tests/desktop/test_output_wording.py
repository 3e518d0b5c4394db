"""The last touches to a text: spaces after English, no Enter in a terminal, programs' own rules."""

import pytest

from dictation.desktop.applications import EVERY_PROGRAM, ApplicationRule, rule_for
from dictation.desktop.output import OutputSettings
from dictation.desktop.output.wording import spaced, worded

SPACED = OutputSettings(trailing_space=True)


@pytest.mark.parametrize(
    ("text", "delivered"),
    [
        ("Done.", "Done. "),
        ("用 API", "用 API "),
        ("好的。", "好的。"),
        ("你好", "你好"),
        ("two lines\n", "two lines\n"),
        ("", ""),
    ],
)
def test_a_space_follows_what_ends_in_english(text: str, delivered: str) -> None:
    assert spaced(text) == delivered


def test_a_line_end_presses_no_enter_in_a_terminal() -> None:
    text = "rm -r build\n\nmake"
    assert worded(text, OutputSettings(), EVERY_PROGRAM, "XTerm") == "rm -r build make"
    assert worded(text, OutputSettings(), EVERY_PROGRAM, "Mousepad") == text
    keeping = OutputSettings(terminal_newlines="keep")
    assert worded(text, keeping, EVERY_PROGRAM, "XTerm") == text


def test_a_programs_own_rule_goes_first() -> None:
    rule = ApplicationRule("code*", trailing_space=False)
    assert worded("Done.", SPACED, rule, "Code") == "Done."
    assert worded("Done.", SPACED, EVERY_PROGRAM, "Code") == "Done. "


def test_the_first_rule_that_fits_counts_in_any_case() -> None:
    rules = (ApplicationRule("org.gnome.*", route="ibus"), ApplicationRule("*", route="x11"))
    assert rule_for(rules, "Org.Gnome.TextEditor").route == "ibus"
    assert rule_for(rules, "").route == "x11"
    assert rule_for(rules[:1], "XTerm") is EVERY_PROGRAM
