"""Settings written back into the user's file: the rest of it stays as its owner wrote it."""

from pathlib import Path

import pytest

from dictation.config import ConfigError, Settings, load_settings
from dictation.preferences.file import save_settings

MINE = """\
# mine
[hotkey]
key = "F8"            # the big one

[captions]
# on the television
position = "top"
theme = 'dark'

[[application]]
match = "kitty"
paste_keys = "Ctrl+Shift+V" # a terminal
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(MINE, encoding="utf-8")
    return path


def test_only_the_value_changes(file: Path) -> None:
    settings = save_settings(file, {"hotkey.key": "F7", "captions.position": "bottom"})
    assert (settings.hotkey.key, settings.captions.position) == ("F7", "bottom")
    assert file.read_text() == MINE.replace('"F8" ', '"F7" ').replace('"top"', '"bottom"')


def test_new_keys_and_sections_are_added_and_defaults_are_not(file: Path) -> None:
    save_settings(
        file,
        {
            "captions.font_size": 30,
            "audio.device": "USB",
            "sounds.volume": 0.5,
            "tray.enabled": True,
        },
    )
    text = file.read_text()
    assert text.startswith(MINE.partition("[[application]]")[0].rstrip())
    assert "font_size = 30" in text
    assert '[audio]\ndevice = "USB"' in text
    assert "sounds" not in text
    assert "tray" not in text
    assert load_settings(file).audio.device == "USB"


def test_tables_can_be_replaced(file: Path) -> None:
    settings = save_settings(file, {"application": [{"match": "foot", "formatting": False}]})
    assert [(rule.match, rule.formatting) for rule in settings.application] == [("foot", False)]
    assert load_settings(file) == settings


def test_a_file_is_made_where_there_is_none_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    save_settings(path, {"interface.language": "zh"})
    assert load_settings(path).interface.language == "zh"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_others_may_read_is_closed_to_them(file: Path) -> None:
    file.chmod(0o644)
    save_settings(file, {"hotkey.key": "F7"})
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    save_settings(link, {"hotkey.key": "F7"})
    assert link.is_symlink()
    assert load_settings(file).hotkey.key == "F7"


@pytest.mark.parametrize(
    ("key", "value"), [("captions.font_size", 9999), ("model.device", "gpu"), ("hotkey.key", "")]
)
def test_what_is_not_valid_is_refused_by_name_and_nothing_is_written(
    file: Path, key: str, value: object
) -> None:
    with pytest.raises(ConfigError, match=key.replace(".", r"\.")) as refused:
        save_settings(file, {key: value})
    assert refused.value.key == key
    assert file.read_text() == MINE


def test_a_broken_file_is_left_alone(file: Path) -> None:
    file.write_text("[hotkey\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="is not valid TOML"):
        save_settings(file, {"hotkey.key": "F7"})
    assert file.read_text() == "[hotkey\n"


def test_a_full_disk_leaves_the_old_file() -> None:
    full = Path("/dev/full")
    with pytest.raises(ConfigError, match="cannot be"):
        save_settings(full / "config.toml", {"hotkey.key": "F7"})


def test_saving_the_defaults_of_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("", encoding="utf-8")
    assert save_settings(path, {"hotkey.key": "F9"}) == Settings()
    assert "hotkey" not in path.read_text()
