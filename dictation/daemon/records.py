"""Writes the session's texts into the history, and holds them where that fails until it does."""

import logging
from collections.abc import Callable
from dataclasses import asdict, replace

from dictation.errors import DictationError
from dictation.events import Final
from dictation.history import Entry, EntryState, History
from dictation.text.normalize import language_of

_RECENT = 10

_log = logging.getLogger(__name__)


class Records:
    """The history by utterance; a history that cannot be written is told once, in the log."""

    def __init__(self, history: History, clock: Callable[[], float]) -> None:
        self._history = history
        self._clock = clock
        self._ids: dict[int, int | None] = {}
        self._told = False
        self._unwritten: dict[int, Entry] = {}

    @property
    def behind(self) -> bool:
        """Whether a text waits to be written."""
        return bool(self._unwritten)

    def write(self, final: Final, application: str | None) -> None:
        """Write a finished text down before it is delivered."""
        timing = {name: value for name, value in asdict(final.timing).items() if value is not None}
        self._add(
            final.utterance,
            Entry(
                at=self._clock(),
                application=application,
                language=final.language,
                raw=final.raw or final.text,
                text=final.text.strip(" "),
                confidence=final.confidence,
                latencies=timing,
            ),
        )

    def keep(self, utterance: int, text: str) -> bool:
        """See to a text that reached no window; whether it is in the history, undelivered.

        `text` may be the caption of an utterance whose text never came.
        """
        if utterance not in self._ids.keys() | self._unwritten.keys():
            self._add(utterance, Entry(self._clock(), None, language_of(text), text, text))
        return self._ids.get(utterance) is not None

    def recent(self) -> tuple[str, ...]:
        """The last texts, the newest first."""
        held = [entry.text for entry in reversed(self._unwritten.values())]
        try:
            written = [entry.text for entry in self._history.recent(_RECENT)]
        except DictationError as error:
            self._tell(error)
            written = []
        return tuple((held + written)[:_RECENT])

    def mark_last(self, state: EntryState) -> None:
        """Say where the newest text that was written down went."""
        if known := self._ids.keys() | self._unwritten.keys():
            self.mark(max(known), state)

    def mark(self, utterance: int, state: EntryState, *, delivery: float | None = None) -> None:
        """Say where the text of an utterance went, in how many seconds."""
        if utterance in self._unwritten:
            self._unwritten[utterance] = replace(self._unwritten[utterance], state=state)
            self.catch_up()
            return
        try:
            self._history.mark(self._ids.get(utterance), state, delivery=delivery)
        except DictationError as error:
            self._tell(error)

    def _add(self, utterance: int, entry: Entry) -> None:
        self._unwritten[utterance] = entry
        self.catch_up()

    def catch_up(self) -> None:
        """Write what could not be written before, oldest first: a full disk may be so no more."""
        try:
            for utterance, entry in tuple(self._unwritten.items()):
                self._ids[utterance] = self._history.add(entry)
                del self._unwritten[utterance]
            self._told = False
        except DictationError as error:
            self._tell(error)

    def _tell(self, error: DictationError) -> None:
        if not self._told:
            _log.warning("the history is not written: %s", error)
        self._told = True
