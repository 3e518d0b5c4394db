"""Installing makes Dictation a part of the desktop; uninstalling leaves no trace of it."""

import configparser
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from dictation.desktop import APP_ID
from dictation.desktop.installation import (
    UNIT,
    InstallationError,
    Places,
    autostart_entry,
    install,
    menu_entry,
    places,
    service_unit,
    uninstall,
)

COMMAND = ["/opt/my tools/dictation"]


@pytest.fixture
def at(tmp_path: Path) -> Places:
    """A home that somebody lives in already."""
    home = tmp_path / "home"
    (home / ".config" / "autostart").mkdir(parents=True)
    (home / ".local" / "share" / "applications").mkdir(parents=True)
    (home / ".local" / "share" / "applications" / "editor.desktop").write_text("[Desktop Entry]\n")
    (home / ".config" / "dictation").mkdir()
    (home / ".config" / "dictation" / "config.toml").write_text('[hotkey]\nkey = "F8"\n')
    return places({}, home)


def tree(at: Places) -> dict[str, bytes | str | None]:
    """Everything under the home: the contents of files, the targets of links, None for folders."""
    home = at.config.parent

    def content(path: Path) -> bytes | str | None:
        if path.is_symlink():
            return str(path.readlink())
        return path.read_bytes() if path.is_file() else None

    return {str(path.relative_to(home)): content(path) for path in sorted(home.rglob("*"))}


@pytest.mark.parametrize("start", ["service", "autostart", "none"])
def test_nothing_is_left_of_it(at: Places, start):
    before = tree(at)
    made = install(at, COMMAND, start)
    assert set(tree(at)) > set(before)
    assert all(path.exists() for path in made)
    assert uninstall(at) == made
    assert tree(at) == before


def test_installed_twice_in_two_ways_nothing_is_left_either(at: Places):
    before = tree(at)
    install(at, COMMAND, "service")
    install(at, COMMAND, "autostart")
    assert not (at.config / "systemd").exists()
    uninstall(at)
    uninstall(at)
    assert tree(at) == before


def test_what_others_put_beside_it_stays(at: Places):
    install(at, COMMAND, "service")
    other = at.config / "systemd" / "user" / "backup.service"
    other.write_text("[Unit]\n")
    uninstall(at)
    assert other.exists()
    assert not (at.config / "systemd" / "user" / "graphical-session.target.wants").exists()


def test_the_service_starts_with_the_graphical_session(at: Places):
    install(at, COMMAND, "service")
    link = at.config / "systemd" / "user" / "graphical-session.target.wants" / UNIT
    assert "Type=notify" in link.read_text()
    assert 'ExecStart="/opt/my tools/dictation" run\n' in link.read_text()


def test_the_service_is_started_again_after_whatever_ends_it_and_given_up_on_after_nothing():
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str
    unit.read_string(service_unit(COMMAND))
    service = unit["Service"]
    assert (service["Type"], service["Restart"]) == ("notify", "on-failure")
    # systemd gives up at five starts within ten seconds, unless they are further apart.
    assert 5 * int(service["RestartSec"]) >= 10
    assert int(service["TimeoutStartSec"]) >= 60 > int(service["RestartSec"])
    assert int(service["WatchdogSec"]) > 0


def test_the_icons_are_where_desktops_look_and_of_the_size_they_say(at: Places):
    install(at, COMMAND, "none")
    icons = list((at.data / "icons" / "hicolor").glob(f"*/apps/{APP_ID}.png"))
    assert icons
    for icon in icons:
        with Image.open(icon) as picture:
            assert f"{picture.width}x{picture.height}" == icon.parts[-3]


def test_a_record_that_cannot_be_read_is_told_and_nothing_is_removed(at: Places):
    install(at, COMMAND, "none")
    at.record.write_text(json.dumps({"files": 3}))
    before = tree(at)
    with pytest.raises(InstallationError, match=r"installed\.json: cannot be read"):
        uninstall(at)
    assert tree(at) == before


def test_a_place_that_cannot_be_written_is_named(at: Places):
    shutil.rmtree(at.data / "applications")
    (at.data / "applications").write_text("a file")
    with pytest.raises(InstallationError, match="applications"):
        install(at, COMMAND, "none")


def test_the_folders_of_the_environment_are_used():
    found = places({"XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": ""}, Path("/home/lin"))
    assert found == Places(Path("/c"), Path("/home/lin/.local/share"))


@pytest.mark.parametrize("entry", [menu_entry, autostart_entry])
def test_desktop_entries_are_valid(entry, tmp_path: Path):
    program = shutil.which("desktop-file-validate")
    if program is None:
        pytest.skip("desktop-file-validate is not installed (apt install desktop-file-utils)")
    file = tmp_path / f"{APP_ID}.desktop"
    file.write_text(entry(COMMAND), encoding="utf-8")
    done = subprocess.run([program, file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_unit_is_valid(tmp_path: Path):
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed (apt install systemd)")
    script = tmp_path / "dictation"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    unit = tmp_path / UNIT
    unit.write_text(service_unit([str(script)]))
    done = subprocess.run(
        [program, "--user", "verify", unit],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert UNIT not in done.stderr
    assert done.returncode == 0, done.stderr
