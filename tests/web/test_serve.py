"""`dictation web` says in one line why it cannot start."""

import os
import socket
import subprocess
import sys

import pytest

WITHOUT = """
import sys
sys.modules["streamlit"] = None
sys.argv = ["dictation", "web", "--no-browser"]
from dictation.cli import main
main()
"""


def complaint(*arguments: str, folder) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "XDG_CONFIG_HOME": str(folder)},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_without_streamlit_it_says_what_to_install(tmp_path):
    assert "pip install 'dictation[web]'" in complaint("-c", WITHOUT, folder=tmp_path)


def test_a_port_that_is_taken_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        said = complaint("-m", "dictation", "web", "--no-browser", "--port", port, folder=tmp_path)
    assert f"port {port} of 127.0.0.1: Address already in use; choose another with --port" in said


@pytest.mark.parametrize("settings", ["[web]\nport = 80\n", "[web]\nmax_upload_mb = 0\n"])
def test_settings_out_of_range_are_told(tmp_path, settings):
    config = tmp_path / "config.toml"
    config.write_text(settings)
    said = complaint("-m", "dictation", "web", "--config", str(config), folder=tmp_path)
    assert "but takes a whole number from" in said


def test_a_model_that_is_not_there_is_told(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('[model]\nname = "nowhere"\n')
    said = complaint("-m", "dictation", "web", "--config", str(config), "--port", "18501",
                     folder=tmp_path)  # fmt: skip
    assert "there is no model 'nowhere'" in said
