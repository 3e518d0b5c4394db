"""What the user is told, as sentences of their language."""

from dictation.actions import Notice
from dictation.messages import InterfaceLanguage, message, translator

_NOTICES: dict[Notice, str] = {
    "microphone_lost": message("No sound from the microphone: {detail}"),
    "microphone_moved": message("The microphone is now {detail}"),
    "too_loud": message("You are too loud for the microphone: turn its input level down"),
    "too_soft": message("You are hardly heard: turn the microphone's input level up"),
    "model_moved": message("The graphics card's memory is full: going on with {detail}"),
    "model_failed": message("The recogniser cannot go on: {detail}"),
    "recognition_failed": message("This utterance could not be recognised: {detail}"),
    "behind": message("The computer is {detail} s behind; nothing is lost"),
    "kept": message("Not delivered: {detail}. `dictation history` shows the text"),
    "kept_in_memory": message("Not delivered: {detail}. `dictation copy-last` copies the text"),
    "copied": message("Copied: paste it where you want it"),
    "quiet": message("No speech was heard. Is the microphone muted?"),
    "muted": message("The microphone is muted: unmute it in the tray or with `dictation mute off`"),
    "away": message("Nobody is heard while the screen is locked or the computer sleeps"),
    "ending": message("Dictation is ending"),
    "not_copied": message("Nothing was copied: {detail}"),
    "undone": message("Taken back"),
    "not_undone": message("Not taken back: {detail}"),
}


def sentence(notice: Notice, detail: str, language: InterfaceLanguage) -> str:
    """Say it."""
    return translator(language)(_NOTICES[notice]).format(detail=detail)
