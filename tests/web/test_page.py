"""The page in a real browser: what a user does with it, and what is seen then."""

import json
import re

import numpy as np
import pytest
import srt
from playwright.sync_api import Page, expect

from dictation.audio import SAMPLE_RATE
from tests.audio.media import encode, write_wav
from tests.web.conftest import HEARD, SPOKEN

TRANSCRIBE = ".st-key-transcribe button"


def give(page: Page, *files) -> None:
    page.set_input_files(".st-key-files input[type=file]", [str(file) for file in files])
    for file in files:
        expect(page.get_by_role("button", name=f"Remove {file.name}")).to_be_visible()


def transcribe(page: Page, *files) -> None:
    give(page, *files)
    page.locator(TRANSCRIBE).click()
    expect(results(page)).to_have_count(len(files))
    expect(page.locator(TRANSCRIBE)).to_be_visible()


def results(page: Page):
    return page.locator("[class*='st-key-result-']")


def clipboard(page: Page) -> str:
    return page.evaluate("navigator.clipboard.readText()")


def test_a_file_becomes_text_that_can_be_edited_copied_and_downloaded(open_page, sound):
    page = open_page()
    transcribe(page, sound("talk.wav", 3))
    field = page.locator("textarea")
    expect(field).to_have_value(HEARD * 3)
    field.fill("由人改过 by hand.")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert clipboard(page) == "由人改过 by hand."
    field.blur()
    found = {}
    for form in ("txt", "srt", "vtt", "json"):
        page.wait_for_timeout(500)
        with page.expect_download() as download:
            page.get_by_role("button", name=f".{form}", exact=True).click()
        assert download.value.suggested_filename == f"talk.{form}"
        found[form] = download.value.path().read_text(encoding="utf-8")
    assert found["txt"] == "由人改过 by hand.\n"
    assert [cue.content for cue in srt.parse(found["srt"])] == [HEARD] * 3
    assert found["vtt"].startswith("WEBVTT\n")
    assert json.loads(found["json"])["text"] == HEARD * 3


def test_figures_and_labels_tell_language_length_time_and_model(open_page, sound):
    page = open_page()
    transcribe(page, sound("talk.wav", 2))
    figures = page.locator("dl.figures")
    expect(figures).to_contain_text(re.compile(r"Length\s*0:07"))
    expect(figures).to_contain_text(re.compile(r"\d s, \d+× real time"))
    expect(figures).to_contain_text("tiny, 0 M parameters, cpu")
    green = "rgb(21, 128, 61)"
    expect(figures.locator(".language")).to_have_text("Chinese")
    expect(figures.locator(".language")).to_have_css("color", green)
    expect(page.locator("li .language")).to_have_text(["Chinese"] * 2)
    expect(page.locator("li .language").first).to_have_css("color", green)


def test_the_time_of_a_segment_moves_the_player_and_the_segment_at_play_is_marked(open_page, sound):
    page = open_page()
    transcribe(page, sound("talk.wav", 3))
    expect(page.locator("button.time")).to_have_text(["0:00", "0:04", "0:07"])
    page.locator("button.time").nth(1).click()
    page.wait_for_function("document.querySelector('audio').currentTime >= 4.0")
    assert page.evaluate("document.querySelector('audio').duration") == pytest.approx(10.5, abs=0.1)
    expect(page.locator("li.now .time")).to_have_text("0:04")


def test_several_files_and_a_video_are_done_in_a_row(open_page, sound, tmp_path):
    film = tmp_path / "film.mp4"
    encode(film, "aac", SAMPLE_RATE, SPOKEN, picture=True)
    page = open_page()
    transcribe(page, sound("one.wav"), film, sound("three.wav", 2))
    expect(results(page).locator("h3")).to_have_text(["one.wav", "film.mp4", "three.wav"])
    expect(page.locator("textarea")).to_have_count(3)
    expect(page.locator("textarea").nth(2)).to_have_value(HEARD * 2)


def test_formats_of_every_kind_are_taken(open_page, tmp_path):
    codecs = {"mp3": "mp3", "m4a": "aac", "flac": "flac", "opus": "libopus", "webm": "libopus"}
    for ending, codec in (*codecs.items(), ("aac", "aac")):
        encode(tmp_path / f"a.{ending}", codec, 48_000, np.repeat(SPOKEN, 3))
    write_wav(tmp_path / "a.ogg", SPOKEN, SAMPLE_RATE, "VORBIS")
    page = open_page()
    transcribe(page, *sorted(tmp_path.glob("a.*")))
    expect(page.locator("textarea")).to_have_count(7)
    texts = page.locator("textarea").evaluate_all("fields => fields.map(field => field.value)")
    assert texts == [HEARD] * 7


def test_files_that_cannot_be_used_are_told_and_stop_no_other(open_page, sound, tmp_path):
    empty, letter = tmp_path / "empty.mp3", tmp_path / "letter.mp3"
    empty.touch()
    letter.write_text("Dear Sir or Madam,\n" * 100)
    page = open_page()
    transcribe(page, empty, letter, sound("good.wav"))
    alerts = page.locator("[data-testid=stAlert]")
    expect(alerts).to_contain_text(["empty.mp3 is empty", "is not an audio or video file"])
    expect(page.locator("textarea")).to_have_value(HEARD)


def test_a_file_is_heard_before_it_is_transcribed(open_page, sound):
    page = open_page()
    page.set_input_files(".st-key-files input[type=file]", str(sound("talk.wav")))
    player = page.locator("[class*='st-key-sound-'] audio")
    expect(player).to_have_count(1)
    player.evaluate("player => player.play()")
    page.wait_for_function("document.querySelector('audio').currentTime > 0.2")


def test_a_file_of_which_nothing_can_be_heard_has_no_player(open_page, tmp_path):
    path = tmp_path / "scrap.mp3"
    encode(path, "mp3", 48_000, np.repeat(np.tile(SPOKEN, 3), 3))
    path.write_bytes(path.read_bytes()[:2000] + np.random.default_rng(0).bytes(200_000))
    page = open_page()
    transcribe(page, path)
    alert = page.locator("[data-testid=stAlert]")
    expect(alert).to_contain_text("scrap.mp3 is damaged: no sound could be decoded")
    expect(page.locator("[class*='st-key-'] audio[src]")).to_have_count(0)


def test_what_is_wrong_with_a_file_is_told_in_chinese_too(open_page, tmp_path):
    empty = tmp_path / "empty.mp3"
    empty.touch()
    cut = tmp_path / "cut.mp3"
    encode(cut, "mp3", 48_000, np.repeat(np.tile(SPOKEN, 3), 3))
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    page = open_page(locale="zh-CN")
    transcribe(page, empty, cut)
    alerts = page.locator("[data-testid=stAlert]")
    expect(alerts).to_contain_text(["empty.mp3 是空的", "cut.mp3 提前结束"])


def test_a_file_that_is_too_large_is_refused_with_the_limit(open_page, tmp_path):
    large = tmp_path / "large.wav"
    with large.open("wb") as file:
        file.truncate(21 * 1024 * 1024)
    page = open_page()
    expect(page.get_by_text("up to 20 MB each")).to_be_visible()
    page.set_input_files(".st-key-files input[type=file]", str(large))
    expect(page.get_by_text("File must be 20.0MB or smaller.")).to_be_visible()
    expect(page.locator(TRANSCRIBE)).to_be_disabled()


def test_silence_has_no_text(open_page, tmp_path):
    path = tmp_path / "silence.wav"
    encode(path, "pcm_s16le", SAMPLE_RATE, np.zeros(SAMPLE_RATE * 2, np.float32))
    page = open_page()
    transcribe(page, path)
    expect(page.get_by_text("Nobody speaks in it.")).to_be_visible()


def test_text_appears_while_it_works_and_work_can_be_cancelled_and_begun_again(open_page, sound):
    page = open_page()
    give(page, sound("hours.flac", 1500))
    page.locator(TRANSCRIBE).click()
    progress = page.locator(".st-key-progress")
    expect(progress).to_contain_text("Listening to hours.flac")
    expect(progress).to_contain_text(HEARD * 3)
    expect(progress).to_contain_text(re.compile(r"\d+:\d\d / 1:27:30 · [\d.]+×"))
    expect(page.locator(TRANSCRIBE)).to_be_hidden()
    page.locator(".st-key-cancel button").click()
    # Streamlit 1.67 loses a click when something else comes in the moment it is taken up.
    expect(page.locator(TRANSCRIBE)).to_be_visible()
    give(page, sound("in-that-moment.wav"))
    expect(progress.locator("p")).to_have_count(0)
    expect(results(page)).to_have_count(0)
    page.locator(TRANSCRIBE).click()
    expect(progress).to_contain_text(HEARD)


def test_a_change_of_language_does_not_disturb_the_work(open_page, sound):
    page = open_page()
    give(page, sound("long.wav", 60))
    page.locator(TRANSCRIBE).click()
    expect(page.locator(".st-key-progress")).to_contain_text(HEARD)
    page.get_by_text("简体中文").click()
    expect(page.locator("textarea")).to_have_value(HEARD * 60)


def test_a_file_that_is_taken_away_takes_its_text_with_it(open_page, sound):
    page = open_page()
    transcribe(page, sound("one.wav"), sound("two.wav"))
    page.locator(".st-key-files").get_by_role(
        "button", name=re.compile("(Remove|Delete)")
    ).first.click()
    expect(results(page)).to_have_count(1)
    expect(results(page).locator("h3")).to_have_text("two.wav")


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_the_page_speaks_the_language_of_the_browser_or_the_one_chosen(open_page, locale, sound):
    page = open_page(locale=locale)
    words = {
        "zh-CN": ("听写", "开始转写", "复制", "中文"),
        "en-US": ("Dictation", "Transcribe", "Copy", "Chinese"),
    }
    other = {"zh-CN": "en-US", "en-US": "zh-CN"}[locale]
    expect(page.locator("h1")).to_have_text(words[locale][0])
    transcribe(page, sound())
    expect(page.locator("button.copy")).to_have_text(words[locale][2])
    page.get_by_text({"zh-CN": "English", "en-US": "简体中文"}[locale], exact=True).click()
    expect(page.locator("h1")).to_have_text(words[other][0])
    expect(page.locator(TRANSCRIBE)).to_have_text(re.compile(words[other][1]))
    expect(page.locator("button.copy")).to_have_text(words[other][2])
    expect(page.locator("dd.language")).to_have_text(words[other][3])
    page.reload()
    expect(page.locator("h1")).to_have_text(words[other][0])


def test_a_telephone_sees_all_of_it_without_scrolling_sideways(open_page, sound):
    page = open_page(viewport={"width": 360, "height": 740})
    transcribe(page, sound("a-recording-with-a-rather-long-name-of-its-own.wav", 3))
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 360
    for part in ("h1", TRANSCRIBE, "textarea", "button.copy", "button.time", "audio"):
        box = page.locator(part).first.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360


def test_everything_is_done_from_the_keyboard(open_page, sound):
    page = open_page()

    def tab_to(wanted: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate(
                """wanted => { let at = document.activeElement;
                while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
                return !!at?.matches(wanted); }""", wanted,
            ):  # fmt: skip
                return
        pytest.fail(f"the keyboard does not reach {wanted}")

    with page.expect_file_chooser() as chooser:
        tab_to("[data-testid=stFileUploaderDropzone] button, .st-key-files button")
        page.keyboard.press("Enter")
    chooser.value.set_files(str(sound()))
    expect(page.locator(TRANSCRIBE)).to_be_enabled()
    tab_to(TRANSCRIBE)
    page.keyboard.press("Enter")
    expect(page.locator("textarea")).to_have_value(HEARD)
    tab_to("textarea")
    page.keyboard.press("Control+End")
    page.keyboard.type(" OK")
    tab_to("button.copy")
    page.keyboard.press("Enter")
    expect(page.locator("button.copy")).to_have_text("Copied")
    assert clipboard(page) == HEARD + " OK"
    tab_to("button.time")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('audio').currentTime > 0.4")


def test_two_tabs_work_at_once_and_know_nothing_of_each_other(open_page, sound):
    first, second = open_page(), open_page()
    give(first, sound("first.wav", 60))
    give(second, sound("second.wav", 20))
    first.locator(TRANSCRIBE).click()
    expect(first.locator(".st-key-progress")).to_contain_text(HEARD)
    second.locator(TRANSCRIBE).click()
    expect(second.locator("textarea")).to_have_value(HEARD * 20)
    expect(first.locator("textarea")).to_have_value(HEARD * 60)
    expect(results(first).locator("h3")).to_have_text(["first.wav"])
    expect(results(second).locator("h3")).to_have_text(["second.wav"])


def test_speech_is_recorded_from_the_microphone(open_page):
    page = open_page()
    page.get_by_role("tab", name="Microphone").click()
    recorder = page.locator(".st-key-recording")
    recorder.get_by_role("button", name="Record", exact=True).click()
    page.wait_for_timeout(5000)
    recorder.get_by_role("button", name="Stop recording").click()
    expect(page.locator(TRANSCRIBE)).to_be_enabled()
    page.locator(TRANSCRIBE).click()
    expect(page.locator("textarea")).to_have_value(re.compile(HEARD))
    expect(results(page).locator("h3")).to_have_text("Recording.wav")
