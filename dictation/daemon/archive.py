"""The records in a thread of their own: a disk that stalls holds up no text for long."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from dictation.daemon.records import Records
from dictation.events import Final
from dictation.history import EntryState, History

T = TypeVar("T")

_PATIENCE_SECONDS = 0.5
"""As a rule a text is on the disk before it is delivered."""


class Archive:
    """Records whose every work is waited for briefly, and not at all while an older one is late.

    `records` and `history`, which they write, belong to the thread from then on.
    """

    def __init__(
        self, records: Records, history: History, patience: float = _PATIENCE_SECONDS
    ) -> None:
        self._records = records
        self._history = history
        self._patience = patience
        self._recent: tuple[str, ...] = ()
        self._newest: Future[Any] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="history")

    @property
    def behind(self) -> bool:
        """Whether a text waits to be written."""
        return self._records.behind

    def write(self, final: Final, application: str | None) -> None:
        """Write a finished text down before it is delivered."""
        self._do(lambda: self._records.write(final, application), None)

    def keep(self, utterance: int, text: str) -> bool:
        """See to a text that reached no window; whether it is known to be in the history."""
        return self._do(lambda: self._records.keep(utterance, text), False)

    def recent(self) -> tuple[str, ...]:
        """The last texts, the newest first; what is late is missing."""
        self._recent = self._do(self._records.recent, self._recent)
        return self._recent

    def mark(self, utterance: int, state: EntryState, *, delivery: float | None = None) -> None:
        """Say where the text of an utterance went, in how many seconds."""
        self._do(lambda: self._records.mark(utterance, state, delivery=delivery), None)

    def mark_last(self, state: EntryState) -> None:
        """Say where the newest text that was written down went."""
        self._do(lambda: self._records.mark_last(state), None)

    def catch_up(self) -> None:
        """Write what could not be written before."""
        self._do(self._records.catch_up, None)

    def close(self) -> None:
        """Write the rest, however long the disk takes, and close the file."""
        self._thread.submit(self._records.catch_up)
        self._thread.submit(self._history.close)
        self._thread.shutdown()

    def _do(self, work: Callable[[], T], otherwise: T) -> T:
        """Give the thread a work and return what comes of it, `otherwise` when that is late."""
        late = self._newest is not None and not self._newest.done()
        self._newest = result = self._thread.submit(work)
        try:
            return result.result(0.0 if late else self._patience)
        except TimeoutError:
            return otherwise
