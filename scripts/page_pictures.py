"""Pictures of `dictation web`: the real page in a real browser, with the bundled recordings."""

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from dictation.audio import SAMPLE_RATE
from dictation.audio.files import read_audio
from tests.audio.media import write_wav
from tests.recordings import recordings
from tests.web.conftest import serving
from tests.xsession import require

_WAIT_MS = 120_000


def page_pictures(model: str) -> Iterator[tuple[str, Image.Image]]:
    """The page on a desktop in English, and on a telephone in Chinese and dark."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        browser = playwright.chromium.launch(
            executable_path=require("chromium"), args=["--no-sandbox"]
        )
        with serving(folder, Path(model)) as server:
            meeting = _meeting(folder / "stand-up.wav", "mixed", "english", "mandarin")
            yield "page-light", _transcribed(
                browser, server.url, [meeting],
                viewport={"width": 860, "height": 700}, locale="en-GB",
            )  # fmt: skip
            meeting = _meeting(folder / "周三联调.wav", "mandarin", "mixed")
            yield "page-narrow", _transcribed(
                browser, server.url, [meeting],
                viewport={"width": 400, "height": 700}, locale="zh-CN", color_scheme="dark",
            )  # fmt: skip
        browser.close()


def _meeting(path: Path, *wanted: str) -> Path:
    """Several of the recordings as one file."""
    pause = np.zeros(SAMPLE_RATE, dtype=np.float32)
    sounds = [sound for name in wanted for sound in (*read_audio(recordings()[name].path), pause)]
    return write_wav(path, np.concatenate(sounds), SAMPLE_RATE)


def _transcribed(browser: Browser, url: str, files: list[Path], **options: object) -> Image.Image:
    context = browser.new_context(**options)
    page = context.new_page()
    expect.set_options(timeout=_WAIT_MS)
    page.goto(url)
    button = page.locator(".st-key-transcribe button")
    expect(button).to_be_visible()
    page.set_input_files(".st-key-files input[type=file]", [str(file) for file in files])
    expect(button).to_be_enabled()
    button.click()
    expect(page.locator("textarea")).to_have_count(len(files))
    expect(button).to_be_visible()
    page.wait_for_timeout(2000)  # until fonts and player are drawn
    whole = page.locator(".stMainBlockContainer").bounding_box()
    assert whole is not None
    width = page.viewport_size["width"] if page.viewport_size else 860
    page.set_viewport_size({"width": width, "height": int(whole["height"])})
    page.wait_for_timeout(500)
    picture = Image.open(io.BytesIO(page.screenshot()))
    context.close()
    return picture
