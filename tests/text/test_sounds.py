"""How words sound, which tells a name from what was written for it."""

import pytest

from dictation.text.sounds import like_sounding, likeness, syllables, tells_by_syllables


def test_a_character_is_said_as_its_word_has_it():
    assert syllables("银行", tones=False) == ("yin", "hang")
    assert syllables("行走", tones=True) == ("xing2", "zou3")


def test_each_character_has_a_syllable_even_if_nobody_knows_it():
    assert syllables("王㐂㐇李", tones=False) == ("wang", "㐂", "㐇", "li")


def test_units_are_found_by_each_of_their_sounds():
    units = ("<blank>", "行", "航", "星", "▁row", "杭州")
    assert like_sounding(units, tones=False)["hang"] == (1, 2)
    assert like_sounding(units, tones=True)["xing2"] == (1,)
    assert like_sounding(units, tones=True)["xing1"] == (3,)


@pytest.mark.parametrize(("phrase", "tells"), [("薛宝瑜", True), ("程墨", False), ("薛 AB", False)])
def test_three_characters_are_known_by_their_syllables(phrase, tells):
    assert tells_by_syllables(phrase) == tells


def test_likeness_is_of_sound_in_both_scripts():
    assert likeness("art or", "Ardour") == 1.0
    assert likeness("复多了", "Fedora") > likeness("蓝老", "Fedora")
    assert likeness("weeks", "Slack") < 0.5
