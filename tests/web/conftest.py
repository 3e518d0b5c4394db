"""The page as a process of its own, and a real browser in front of it."""

import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from dictation.audio import SAMPLE_RATE
from tests.audio.media import write_wav
from tests.loudness import silence, voice
from tests.pulse import end
from tests.tiny_model import write_tiny_model
from tests.xsession import require, wait_until

HEARD = "好的。"
SPOKEN = np.concatenate([silence(0.5), voice(2.0), silence(1.0)])
PATIENCE = 60_000.0


@dataclass
class Server:
    """A running `dictation web` with a temporary folder that nothing else uses."""

    url: str
    temporary: Path
    process: subprocess.Popen[str]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(folder: Path, model: Path, settings: str = "", port: int | None = None):
    """Start the page and wait until it answers."""
    port = port or free_port()
    temporary = folder / "temporary"
    temporary.mkdir(exist_ok=True)
    config = folder / "config.toml"
    config.write_text(f'[model]\nname = "{model}"\n{settings}', encoding="utf-8")
    command = [sys.executable, "-m", "dictation", "web", "--no-browser", "--port", str(port),
               "--config", str(config)]  # fmt: skip
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, text=True,
            env={**os.environ, "TMPDIR": str(temporary), "HOME": str(folder)},
        )  # fmt: skip
    server = Server(f"http://127.0.0.1:{port}", temporary, process)

    def answers() -> bool:
        assert process.poll() is None, (folder / "log").read_text()
        try:
            with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=5):
                return True
        except OSError:
            return False

    try:
        wait_until(answers, "the page", 60, pause=0.2)
        yield server
    finally:
        end(process)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[Server]:
    settings = "[web]\nmax_upload_mb = 20\n"
    with serving(tmp_path_factory.mktemp("web"), tiny_model, settings) as running:
        yield running


@pytest.fixture(scope="session")
def microphone_sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wav(
        tmp_path_factory.mktemp("sound") / "voice.wav", np.tile(SPOKEN, 3), SAMPLE_RATE
    )


@pytest.fixture(scope="session")
def browser(microphone_sound: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=require("chromium"),
            args=["--no-sandbox", "--use-fake-ui-for-media-stream",
                  "--use-fake-device-for-media-stream",
                  f"--use-file-for-fake-audio-capture={microphone_sound}",
                  "--autoplay-policy=no-user-gesture-required"],
        )  # fmt: skip


@pytest.fixture
def open_page(browser: Browser, server: Server) -> Iterator[Callable[..., Page]]:
    """Opens tabs, each with a clipboard and cookies of its own; none may meet an error."""
    expect.set_options(timeout=PATIENCE)
    contexts = []
    complaints: list[str] = []

    def opened(url: str = server.url, **options) -> Page:
        context = browser.new_context(
            permissions=["clipboard-read", "clipboard-write", "microphone"],
            **{"locale": "en-GB", **options},
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        if url == server.url:  # one that a test ends makes its page complain, and rightly
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda line: line.type == "error" and complaints.append(line.text))
        page.goto(url)
        expect(page.locator(".st-key-transcribe button")).to_be_visible()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def sound(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str = "talk.wav", utterances: int = 1) -> Path:
        # Eight bits in FLAC: an hour is less than may be given to the page.
        subtype = "PCM_S8" if name.endswith(".flac") else "PCM_16"
        return write_wav(tmp_path / name, np.tile(SPOKEN, utterances), SAMPLE_RATE, subtype)

    return write
