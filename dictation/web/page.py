"""The page as one tab sees it: sounds in, text out, top to bottom."""

import time
from collections.abc import Mapping
from pathlib import PurePath
from typing import BinaryIO, Protocol, cast

import streamlit as st

from dictation.messages import InterfaceLanguage, Translate, interface_language, translator
from dictation.web.desk import Desk, Work
from dictation.web.look import ICON, brand, style
from dictation.web.result import as_markdown, clock, show_result, show_sound
from dictation.web.service import Service, service
from dictation.web.sounds import current_session

_REDRAW_SECONDS = 0.2


class Sound(Protocol):
    """An upload or a recording, as Streamlit keeps it: in memory, while its tab is open."""

    name: str
    file_id: str

    def getvalue(self) -> bytes:
        """All of it."""
        ...


def show() -> None:
    """Draw the page; Streamlit calls this again after every click."""
    st.set_page_config(page_title="Dictation", page_icon=str(ICON), layout="centered")
    shared = service()
    translate = translator(_head())
    desk: Desk = st.session_state.setdefault("desk", Desk())
    files, recordings = _sounds(translate, shared)
    sounds = files | recordings
    desk.keep_only(list(sounds))
    _buttons(desk, sounds, translate)
    progress = st.container(key="progress").empty()
    for key, sound in sounds.items():
        if key in desk.results:
            show_result(key, sound, desk.results[key], shared.recognizer.description, translate)
        elif key in files:
            show_sound(key, sound)
    shared.tabs.drawn(current_session())
    if desk.busy:
        _work(desk, sounds, shared, progress, translate)
        st.rerun()
    if not sounds:
        st.caption(
            translate(
                "What you put here stays in the memory of this computer, on its way in perhaps in "
                "an unnamed temporary file, and is gone when you remove it or close the tab."
            )
        )


def _head() -> InterfaceLanguage:
    names: dict[InterfaceLanguage, str] = {"en": "English", "zh": "简体中文"}
    asked = st.query_params.get("lang")
    first = interface_language("auto", asked or st.context.locale or "en")
    title, choice = st.columns([3, 2], vertical_alignment="center")
    with choice, st.container(horizontal_alignment="right", key="language"):
        chosen = st.segmented_control(
            "Language / 语言",
            list(names),
            default=first,
            required=True,
            format_func=lambda language: names[language],
            label_visibility="collapsed",
            key="interface-language",
        )
    language: InterfaceLanguage = chosen or first
    st.query_params["lang"] = language
    translate = translator(language)
    st.html(f"<style>{style(translate)}</style>")
    title.html(brand(translate))
    st.markdown(translate("Speech to text, on this computer alone: nothing is sent anywhere."))
    return language


def _sounds(translate: Translate, shared: Service) -> tuple[dict[str, Sound], dict[str, Sound]]:
    """What there is to recognise, by its key: files, and recordings."""
    files, microphone = st.tabs(
        [translate(":material/upload_file: Files"), translate(":material/mic: Microphone")]
    )
    limit = shared.settings.web.max_upload_mb
    with files:
        uploads = st.file_uploader(
            translate("Audio or video files"),
            accept_multiple_files=True,
            label_visibility="collapsed",
            key="files",
        )
        st.caption(
            translate(
                "MP3, WAV, M4A, OGG, OPUS, FLAC, AAC, WebM, video: up to {limit} MB each. For "
                "larger ones there is the command `dictation transcribe`."
            ).format(limit=limit)
        )
    with microphone:
        recording = st.audio_input(
            translate("Record from the microphone"), key="recording", sample_rate=None
        )
    recordings = {}
    if recording is not None:
        recording.name = translate("Recording") + PurePath(recording.name).suffix
        recordings[recording.file_id] = cast(Sound, recording)
    return {upload.file_id: cast(Sound, upload) for upload in uploads}, recordings


def _buttons(desk: Desk, sounds: Mapping[str, Sound], translate: Translate) -> None:
    fresh = [key for key in sounds if key not in desk.results]
    if desk.busy:
        st.button(
            translate("Cancel"),
            icon=":material/stop_circle:",
            on_click=desk.cancel,
            width="stretch",
            key="cancel",
        )
        return
    st.button(
        translate("Transcribe"),
        type="primary",
        icon=":material/graphic_eq:",
        disabled=not fresh,
        on_click=desk.start,
        args=(fresh,),
        width="stretch",
        key="transcribe",
    )


def _work(
    desk: Desk,
    sounds: Mapping[str, Sound],
    shared: Service,
    place: "st.delta_generator.DeltaGenerator",
    translate: Translate,
) -> None:
    """Recognise until one sound is done; a click or the end of the tab may come between."""
    drawn = 0.0
    while desk.step(cast(Mapping[str, BinaryIO], sounds), shared.recognizer, shared.options):
        now = time.monotonic()
        if desk.work is not None and now - drawn >= _REDRAW_SECONDS:
            drawn = now
            with place.container(border=True):
                _show_work(desk.work, len(desk.waiting), translate)


def _show_work(work: Work, waiting: int, translate: Translate) -> None:
    label = translate("Listening to {name}").format(name=as_markdown(work.name))
    if waiting:
        label += " · " + translate("{count} more to come").format(count=waiting)
    st.progress(work.share, label)
    took = max(0.1, time.monotonic() - work.began)
    place = clock(work.done) + (f" / {clock(work.duration)}" if work.duration else "")
    st.caption(f"{place} · {work.done / took:.1f}×")
    if work.text:
        st.text(work.text)
