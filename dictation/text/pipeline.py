"""From the recogniser's text to what is delivered: every step a pure function that can be off."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dictation.events import TimedWord
from dictation.text.writing import numbers
from dictation.text.writing.capitals import capitalize
from dictation.text.writing.commands import (
    Deed,
    Insert,
    Phrases,
    first_led,
    phrases,
    whole_utterance,
)
from dictation.text.writing.dictionary import Dictionary, correct
from dictation.text.writing.fillers import remove_fillers
from dictation.text.writing.punctuation import Punctuation, punctuate, strip_marks
from dictation.text.writing.script import Script, to_simplified, to_traditional
from dictation.text.writing.seams import join, starts_sentence
from dictation.text.writing.spacing import fit_marks, space_scripts, unspace_scripts
from dictation.text.writing.spoken_marks import write_spoken_marks


@dataclass(frozen=True, slots=True)
class TextSettings:
    """Which steps are taken."""

    numbers: bool = True
    spacing: bool = True
    punctuation: Punctuation = "auto"
    capitals: bool = True
    remove_fillers: bool = False
    by_sound: bool = True
    script: Script = "simplified"
    commands: bool = True


@dataclass(frozen=True, slots=True)
class Words:
    """What the user has taught: spoken phrases and words of their own."""

    phrases: Phrases = field(default_factory=lambda: phrases({}))
    dictionary: Dictionary = field(default_factory=Dictionary)


@dataclass(frozen=True, slots=True)
class Writing:
    """How texts are written that no command is meant in: the steps, and the user's words."""

    steps: TextSettings = field(default_factory=TextSettings)
    words: Dictionary = field(default_factory=Dictionary)


@dataclass(frozen=True, slots=True)
class Context:
    """Where a text goes: what stands `before` it (None: unknown), and its words with their times.

    `capitals`: everything in capitals, as a command before it has asked.
    """

    before: str | None = None
    timed: Sequence[TimedWord] = ()
    capitals: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """What is delivered, and what is done after it; `text` begins with the space it needs."""

    text: str
    deed: Deed | None = None


def warm_up(settings: TextSettings, known: Dictionary) -> None:
    """Load what the first text would wait a second for; takes that long itself."""
    if settings.numbers:
        numbers.warm_up()
    correct("", known, by_sound=settings.by_sound)


def write(text: str, settings: TextSettings, words: Words, context: Context) -> Written:
    """Write an utterance as a careful typist would, or do what it commands."""
    if settings.commands:
        meaning = whole_utterance(text, words.phrases)
        if isinstance(meaning, Insert):
            return Written(_inserted(meaning, settings, context))
        if meaning is not None:
            return Written("", meaning)
        led = first_led(text, words.phrases)
        if led is not None:
            return _around(led.before, led.meaning, led.after, settings, words, context)
    written = format_text(text, settings, words.dictionary, context)
    return Written(join(context.before, written, spacing=settings.spacing))


def format_text(text: str, settings: TextSettings, dictionary: Dictionary, context: Context) -> str:
    """Take every step that the settings ask for, commands and the seam before the text excepted."""
    if not text.strip():
        return ""
    text = to_simplified(text)
    text = correct(text, dictionary, by_sound=settings.by_sound)
    if settings.remove_fillers:
        text = remove_fillers(text)
    match settings.punctuation:
        case "auto":
            text = punctuate(text, context.timed)
        case "spoken":
            text = write_spoken_marks(strip_marks(text), context.timed)
        case "off":
            pass
    if settings.numbers:
        text = numbers.write_numbers(text)
    if settings.punctuation != "off":
        text = fit_marks(text)
    text = space_scripts(text) if settings.spacing else unspace_scripts(text)
    if settings.capitals:
        text = capitalize(text, at_start=starts_sentence(context.before))
    if context.capitals:
        text = text.upper()
    return to_traditional(text) if settings.script == "traditional" else text


def _inserted(insert: Insert, settings: TextSettings, context: Context) -> str:
    if insert.mark:
        return insert.text
    return join(context.before, insert.text, spacing=settings.spacing)


def _around(
    before: str,
    meaning: Insert | Deed,
    after: str,
    settings: TextSettings,
    words: Words,
    context: Context,
) -> Written:
    """A text with a command in it: what is before it, what it does, and what follows."""
    if meaning == "undo" and before:
        return Written("")
    first = write(before, settings, words, context) if before else Written("")
    if meaning in ("undo", "stop"):
        return Written(first.text, meaning)
    start = (context.before or "") + first.text
    if isinstance(meaning, Insert):
        body = first.text
        if meaning.mark and meaning.text.strip():
            # The mark that was said, not the one that a model or a pause has put there.
            body = body.rstrip("。.？?！!，,")
        inserted = body + _inserted(meaning, settings, Context(before=start))
        capitals = context.capitals
    else:
        inserted, capitals = first.text, True
    if not after:
        return Written(inserted, "capitals" if meaning == "capitals" else None)
    then = Context(before=(context.before or "") + inserted, capitals=capitals)
    rest = write(after, settings, words, then)
    return Written(inserted + rest.text, rest.deed)
