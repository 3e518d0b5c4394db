"""Settings: the file that documents them, and what a wrong one is answered with."""

import tomllib
from pathlib import Path

import pytest

from dictation.config import (
    ApplicationSection,
    ConfigError,
    Settings,
    documented_settings,
    load_settings,
    parse_settings,
    user_settings_file,
)

FILE = Path("/home/lin/config.toml")
MODES = '"hold" or "toggle" or "double-tap" or "hands-free"'


def test_the_documented_settings_are_the_defaults_key_by_key():
    assert tomllib.loads(documented_settings()) == Settings().model_dump(exclude={"application"})


def test_the_documented_block_for_an_application_is_one():
    _, _, block = documented_settings().partition("# [[application]]")
    lines = [line.removeprefix("# ") for line in block.splitlines() if line.startswith("# ")]
    settings = parse_settings("\n".join(["[[application]]", *lines]), FILE)
    assert settings.application[0].match == "keepass*"
    assert settings.application[0].model_fields_set == set(ApplicationSection.model_fields)


def test_every_documented_setting_has_a_line_on_what_it_does():
    settings = [line for line in documented_settings().splitlines() if " = " in line]
    undocumented = [line for line in settings if not line.startswith("#") and " # " not in line]
    assert undocumented == []


def test_without_a_file_of_the_users_the_defaults_hold(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert load_settings() == Settings()


def test_the_users_file_overrides_the_defaults(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert user_settings_file() == tmp_path / "dictation" / "config.toml"
    user_settings_file().parent.mkdir()
    user_settings_file().write_text('[hotkey]\nkey = "Ctrl+space"\n')
    assert load_settings().hotkey.key == "Ctrl+space"
    assert load_settings().hotkey.mode == "hold"


def test_a_byte_order_mark_is_no_error(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes('﻿[model]\nname = "starter"\n'.encode())
    assert load_settings(path) == Settings()


def test_a_whole_number_is_a_number():
    assert parse_settings("[segmenter]\nmax_seconds = 15", FILE).segmenter.max_seconds == 15.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[audio]\ndevise = "x"', "audio.devise is not a setting; did you mean audio.device?"),
        ("keep_open = true", "keep_open is not a setting; did you mean audio.keep_open?"),
        ("[audios]\nkeep_open = true", "audios is not a setting; did you mean audio?"),
        ("[tray]\nxyz = 1", "tray.xyz is not a setting; [tray] takes enabled"),
        ("[audio]\nkeep_open = 1", "audio.keep_open is 1, but takes true or false"),
        (
            "[audio]\npre_roll_ms = -4",
            "audio.pre_roll_ms is -4, but takes a whole number from 0 to 2000",
        ),
        (
            "[segmenter]\nmax_seconds = 99.5",
            "segmenter.max_seconds is 99.5, but takes a number from 5 to 30",
        ),
        (
            '[hotkey]\nmode = "press"',
            f'hotkey.mode is "press", but takes {MODES}',
        ),
        (
            "[hotkey]\nmode = true",
            f"hotkey.mode is true, but takes {MODES}",
        ),
        ("[recognition]\nchunk_ms = 500", "recognition.chunk_ms is 500, but takes 320 or 640"),
        ('[hotkey]\nkey = ""', 'hotkey.key is "", but takes text that is not empty'),
        ("[audio]\ndevice = 2", "audio.device is 2, but takes text"),
        (
            '[model]\ndevice = "gpu"',
            'model.device is "gpu", but takes "auto", "cpu", "mps", "cuda" or "cuda:N"',
        ),
        ('model = "starter"', 'model is "starter", but takes a table: [model]'),
        (
            '[[application]]\nmatch = "kitty"\npaste_keys = 1',
            "application.0.paste_keys is 1, but takes text",
        ),
        (
            '[[application]]\nmatch = "kitty"\ntrailing_space = 1',
            "application.0.trailing_space is 1, but takes true or false",
        ),
        (
            '[[application]]\nmatch = "kitty"\nrout = "x11"',
            "application.0.rout is not a setting; did you mean application.0.route?",
        ),
        ("application = 3", "application is 3, but takes blocks that start with [[application]]"),
        (
            '[output]\non_focus_change = "keep"',
            'output.on_focus_change is "keep", but takes "hold" or "follow" or "clipboard"',
        ),
        (
            "[tray]\nenabled = 3\n[captions]\nenabled = 3",
            "captions.enabled is 3, but takes true or false (and 1 more)",
        ),
    ],
)
def test_a_wrong_setting_is_one_line_with_file_key_value_and_what_is_right(text, message):
    with pytest.raises(ConfigError) as caught:
        parse_settings(text, FILE)
    assert str(caught.value) == f"{FILE}: {message}"


def test_a_long_value_is_shortened():
    with pytest.raises(ConfigError) as caught:
        parse_settings(f'[hotkey]\nmode = "{"x" * 500}"', FILE)
    assert len(str(caught.value)) < 200


def test_what_is_not_toml_is_told_with_its_place():
    with pytest.raises(ConfigError, match=r"is not valid TOML: .*line 2"):
        parse_settings("[audio]\ndevice = = 1\n", FILE)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "there is no such file"), (b"\xff\xfe\x00", "is not UTF-8 text")],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, content, message):
    path = tmp_path / "config.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        load_settings(path)


def test_a_folder_in_place_of_the_file_is_told(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_settings(tmp_path)
