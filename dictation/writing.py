"""What the settings and the user's own words ask of the text pipeline."""

from pathlib import Path

from dictation.config import Settings, user_settings_file
from dictation.text.hot_words import WordList, read_hot_words
from dictation.text.pipeline import TextSettings, Words
from dictation.text.writing.commands import phrases
from dictation.text.writing.dictionary import dictionary


def text_settings(settings: Settings) -> TextSettings:
    """Which steps are taken."""
    section = settings.text
    return TextSettings(
        numbers=section.numbers,
        spacing=section.spacing,
        punctuation=section.punctuation,
        capitals=section.capitals,
        remove_fillers=section.remove_fillers,
        by_sound=section.sound_alikes,
        script=section.script,
        commands=section.commands,
    )


def words_file(settings: Settings) -> Path:
    """Where the user's words are: `words.txt` beside the settings, if they name no other file."""
    named = settings.recognition.hot_words
    return Path(named).expanduser() if named else user_settings_file().parent / "words.txt"


def user_words(settings: Settings) -> WordList:
    """The user's words; none where there is no file. Raises HotWordsError."""
    path = words_file(settings)
    if not settings.recognition.hot_words and not path.exists():
        return WordList()
    return read_hot_words(path)


def writing_words(settings: Settings, words: WordList) -> Words:
    """The user's words and spoken phrases, made ready for the pipeline."""
    return Words(
        phrases=phrases(settings.commands, settings.text.lead_word), dictionary=dictionary(words)
    )
