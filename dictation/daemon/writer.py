"""Puts what was recognised into writing for the window it goes to."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dictation.config import Settings
from dictation.desktop.applications import rule_for
from dictation.desktop.focus import Window
from dictation.desktop.output.base import OutputSettings
from dictation.desktop.output.wording import worded
from dictation.events import Final, Partial
from dictation.text.hot_words import HotWordsError, WordFile, WordList
from dictation.text.pipeline import Context, TextSettings, Words, warm_up, write
from dictation.text.writing.dictionary import correct
from dictation.text.writing.seams import LastText, text_before
from dictation.writing import text_settings, writing_words

_REMEMBERED = 10


class Writer:
    """Runs the text pipeline, and remembers what was written where, for the next text to go on.

    `words`: the file of the user's words, read again when it has changed. `clock` is monotonic.
    """

    def __init__(
        self, settings: Settings, output: OutputSettings, words: Path, clock: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._steps: TextSettings = text_settings(settings)
        self._steps_of = {
            each.match: text_settings(settings, each.text)
            for each in reversed(settings.application)  # of two with one name the first counts
        }
        self._output = output
        self._file = WordFile(words)
        self._words: Words = writing_words(settings, WordList())
        self._clock = clock
        self._written: deque[tuple[int, LastText]] = deque(maxlen=_REMEMBERED)
        self._capitals = False

    def warm_up(self) -> None:
        """Make the first text as quick as the others, in a thread that ends when that is done."""
        self._refresh_words()
        known = self._words.dictionary
        threading.Thread(target=warm_up, args=(self._steps, known), name="warm-up").start()

    def write(self, final: Final, window: Window | None) -> Final:
        """The utterance as it is delivered: with its text in writing, and the command in it."""
        name = window.wm_class if window else ""
        rule = rule_for(self._output.applications, name)
        if not rule.formatting:
            return final
        self._refresh_words()
        now = self._clock()
        last = self._written[-1][1] if self._written else None
        before = text_before(last, _key(window), now, self._settings.text.continue_seconds)
        context = Context(before=before, timed=final.timed, capitals=self._capitals)
        steps = self._steps_of.get(rule.match, self._steps)
        written = write(final.text, steps, self._words, context)
        if written.text:
            text = (before or "") + worded(written.text, self._output, rule, name)
            self._written.append((final.utterance, LastText(text[-80:], _key(window), now)))
        self._capitals = written.deed == "capitals" or (self._capitals and not written.text)
        command = None if written.deed == "capitals" else written.deed
        return replace(final, text=written.text, command=command)

    def caption(self, partial: Partial, window: Window | None) -> Partial:
        """The caption of an utterance with the user's words in it, as they will be written."""
        rule = rule_for(self._output.applications, window.wm_class if window else "")
        if not rule.formatting:
            return partial
        self._refresh_words()
        by_sound = self._steps_of.get(rule.match, self._steps).by_sound
        text = correct(partial.text, self._words.dictionary, by_sound=by_sound)
        unstable = partial.unstable if text.endswith(partial.unstable) else ""
        return replace(partial, stable=text.removesuffix(unstable), unstable=unstable)

    def forget(self, utterance: int) -> None:
        """The text of an utterance did not get to its window, so that nothing follows it there."""
        kept = [each for each in self._written if each[0] != utterance]
        self._written = deque(kept, maxlen=_REMEMBERED)

    def forget_last(self) -> None:
        """The last text was taken back."""
        if self._written:
            self._written.pop()

    def _refresh_words(self) -> None:
        try:
            words = self._file.changed()
        except HotWordsError:
            return  # the recogniser, which reads the same file, has told it
        if words is not None:
            self._words = writing_words(self._settings, words)


def _key(window: Window | None) -> int | None:
    return None if window is None else window.id
