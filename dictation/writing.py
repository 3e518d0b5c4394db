"""What the settings and the user's own words ask of the text pipeline."""

from dictation.config import ApplicationTextSection, Settings, hot_words_file
from dictation.text.hot_words import WordFile, WordList
from dictation.text.pipeline import TextSettings, Words, Writing
from dictation.text.writing.commands import phrases
from dictation.text.writing.dictionary import dictionary


def text_settings(settings: Settings, there: ApplicationTextSection | None = None) -> TextSettings:
    """Which steps are taken; `there`: in a program that has its own."""
    changes = {} if there is None else there.model_dump(exclude_none=True)
    section = settings.text.model_copy(update=changes)
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


def user_words(settings: Settings) -> WordList:
    """The user's words; none where there is no file. Raises HotWordsError."""
    return WordFile(hot_words_file(settings.recognition)).changed() or WordList()


def writing_words(settings: Settings, words: WordList) -> Words:
    """The user's words and spoken phrases, made ready for the pipeline."""
    return Words(
        phrases=phrases(settings.commands, settings.text.lead_word), dictionary=dictionary(words)
    )


def file_writing(settings: Settings, words: WordList) -> Writing:
    """How the texts of files are written: as dictated ones, but for commands."""
    return Writing(text_settings(settings), dictionary(words))
