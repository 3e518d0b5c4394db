"""Every setting has a field, a name for people, and takes what config.toml takes."""

import pytest

from dictation.config import Settings, parse_settings
from dictation.messages import translator
from dictation.preferences.form import Field, FieldError, fields, read, shown, value_of
from dictation.preferences.labels import CHORDS, LABELS, SECTIONS, label_of
from dictation.preferences.rows import chord_of

ENGLISH = translator("en")
FIELDS = {field.key: field for field in fields()}


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda field: field.key)
def test_every_setting_survives_the_form(field: Field) -> None:
    value = value_of(Settings(), field)
    assert value == field.default
    assert read(field, shown(field, value), ENGLISH) == value


def test_every_setting_and_section_has_a_name_for_people() -> None:
    assert set(FIELDS) - set(LABELS) == set()
    assert {field.section for field in FIELDS.values()} <= set(SECTIONS)
    assert set(FIELDS) >= CHORDS


def test_a_setting_without_a_name_shows_its_own() -> None:
    assert label_of("somewhere.very_new") == ("Very new", "")


@pytest.mark.parametrize(
    ("key", "text", "complaint"),
    [
        ("captions.font_size", "200", "Takes a whole number from 8 to 96"),
        ("captions.font_size", "big", "Takes a whole number from 8 to 96"),
        ("captions.font_size", "22.5", "Takes a whole number from 8 to 96"),
        ("captions.linger_seconds", "nan", "Takes a number from 0 to 30"),
        ("hotkey.key", "  ", "This must not be empty"),
        ("hotkey.key", "Hyper+F9", "Takes a key such as"),
        ("hotkey.key", "Ctrl+Frobnicate", "Takes a key such as .*Frobnicate"),
        ("application", "[{ match = }]", "Is not valid TOML"),
        ("captions.theme", "pink", "Takes one of: auto, light, dark"),
    ],
)
def test_what_cannot_be_is_said_at_the_field(key: str, text: str, complaint: str) -> None:
    with pytest.raises(FieldError, match=complaint):
        read(FIELDS[key], text, ENGLISH)


def test_complaints_are_in_the_language_of_the_interface() -> None:
    with pytest.raises(FieldError, match="请填 8 到 96 之间的整数"):
        read(FIELDS["captions.font_size"], "200", translator("zh"))


def test_tables_are_written_as_toml(tmp_path) -> None:
    field = FIELDS["application"]
    rules = [
        {"match": "kitty", "paste_keys": "Ctrl+Shift+V"},
        {"match": 'quote"', "formatting": False},
    ]
    assert read(field, shown(field, rules), ENGLISH) == rules
    text = f"application = {shown(field, rules)}\n"
    assert parse_settings(text, tmp_path).application[0].paste_keys == "Ctrl+Shift+V"


def test_pressed_keys_are_written_as_the_settings_have_them() -> None:
    assert chord_of("F9", 0) == "F9"
    assert chord_of("space", 0x4 | 0x8 | 0x10) == "Ctrl+Alt+space"
