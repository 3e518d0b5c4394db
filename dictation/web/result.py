"""What became of one sound: its text, to be read, heard, edited, copied and taken away."""

import mimetypes
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, BinaryIO, cast

import streamlit as st

from dictation.audio.files import AudioFileError, read_audio
from dictation.messages import LANGUAGE_NAMES, Translate
from dictation.transcription import Transcript
from dictation.transcripts.formats import paragraphs, written
from dictation.transcripts.kinds import Format
from dictation.web.desk import Result

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

    from dictation.web.page import Sound

_FOLDER = Path(__file__).parent
_OFFERED = (Format.TXT, Format.SRT, Format.VTT, Format.JSON)


def show_sound(key: str, sound: "Sound") -> None:
    """Draw a player for a file whose text there is not yet; none where nothing can be heard."""
    if not _can_be_heard(cast(BinaryIO, sound)):
        return
    with st.container(border=True, key=f"sound-{key}"):
        st.markdown(as_markdown(sound.name))
        st.audio(sound.getvalue(), format=media_type(sound.name))


def show_result(
    key: str, sound: "Sound", result: Result, description: str, translate: Translate
) -> None:
    """Draw a card with everything about one sound."""
    with st.container(border=True, key=f"result-{key}"):
        st.subheader(as_markdown(sound.name), anchor=False)
        if result.transcript is None:
            failed = translate("This file cannot be transcribed.")
            why = result.error.translated(translate) if result.error else ""
            st.error(
                f"{failed}  \n{as_markdown(why)}",
                icon=":material/error:",
            )
            return
        for warning in result.warnings:
            st.warning(as_markdown(warning.translated(translate)), icon=":material/warning:")
        player = f"player-{key}"
        with st.container(key=player):
            st.audio(sound.getvalue(), format=media_type(sound.name))
        text = _show_text(key, player, result, result.transcript, description, translate)
        if result.transcript.segments:
            _offer(key, sound.name, result.transcript, text, translate)


def _can_be_heard(sound: BinaryIO) -> bool:
    sound.seek(0)
    try:
        next(read_audio(sound))  # its header alone may look right by accident
    except AudioFileError:
        return False
    return True


def media_type(name: str) -> str:
    """What the browser is told that a file is; its sound is played, of a film too."""
    kind = mimetypes.guess_type(name)[0] or "audio/wav"
    return kind if kind.startswith(("audio/", "video/")) else "audio/wav"


def clock(seconds: float) -> str:
    """Hours, minutes and seconds: 1:02:03, or 2:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@cache
def _component() -> "ComponentRenderer":
    return st.components.v2.component(
        "dictation_result",
        html='<div class="result"></div>',
        css=(_FOLDER / "result.css").read_text(encoding="utf-8"),
        js=(_FOLDER / "result.js").read_text(encoding="utf-8"),
    )


def _show_text(
    key: str,
    player: str,
    result: Result,
    transcript: Transcript,
    description: str,
    translate: Translate,
) -> str:
    """Draw figures, text and segments; the text as the user has it by now."""
    text = "\n\n".join(paragraphs(transcript.segments))
    names = {code: translate(name) for code, name in LANGUAGE_NAMES.items()}
    speed = transcript.duration / max(result.seconds, 0.01)
    language = transcript.language
    figures = [
        {
            "name": translate("Language"),
            "value": names[language] if language else "–",
            "language": language or "",
        },
        {"name": translate("Length"), "value": clock(transcript.duration)},
        {
            "name": translate("Took"),
            "value": translate("{seconds:.1f} s, {speed:.0f}× real time").format(
                seconds=result.seconds, speed=speed
            ),
        },
        {
            "name": translate("Model"),
            "value": description.replace(" M parameters", translate(" M parameters")),
        },
    ]
    segments = [
        {
            "start": segment.start,
            "end": segment.end,
            "clock": clock(segment.start),
            "language": segment.language,
            "label": names[segment.language],
            "text": segment.text,
        }
        for segment in transcript.segments
    ]
    labels = {
        "text": translate("Text"),
        "copy": translate("Copy"),
        "copied": translate("Copied"),
        "play": translate("Play from"),
        "segments": translate("Segments"),
        "nothing": translate("Nobody speaks in it."),
    }
    shown = _component()(
        key=f"text-{key}",
        data={
            "player": player,
            "figures": figures,
            "text": text,
            "segments": segments,
            "labels": labels,
        },
        default={"text": text},
        on_text_change=lambda: None,
    )
    return str(shown.text)


def _offer(key: str, name: str, transcript: Transcript, text: str, translate: Translate) -> None:
    stem = PurePath(name).stem
    row = st.container(horizontal=True, key=f"downloads-{key}")
    for form in _OFFERED:
        row.download_button(
            f".{form}",
            text + "\n" if form is Format.TXT else written(transcript, form),
            file_name=f"{stem}.{form}",
            mime="text/plain",
            icon=":material/download:",
            on_click="ignore",
            help=translate("Download as {form}").format(form=form.upper()),
            key=f"download-{form}-{key}",
        )


def as_markdown(text: str) -> str:
    """A text as Markdown that shows it as it is."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()#+-.!:$~<>|" else c for c in text)
