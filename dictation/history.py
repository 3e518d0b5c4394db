"""What was said and where it went: SQLite in the user's data folder, never sound."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import platformdirs

from dictation.errors import DictationError
from dictation.events import Language

EntryState = Literal["delivered", "undelivered", "cancelled"]
"""Where a text is: in a window, nowhere yet, or taken back by an undo."""

_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    application TEXT,
    language TEXT NOT NULL,
    raw TEXT NOT NULL,
    text TEXT NOT NULL,
    confidence REAL,
    state TEXT NOT NULL,
    latencies TEXT NOT NULL,
    corrected TEXT
)
"""
_CLOCK = """
CREATE TABLE IF NOT EXISTS clock (one INTEGER PRIMARY KEY CHECK (one = 1), since REAL, last REAL)
"""
_COLUMNS = "id, at, application, language, raw, text, confidence, state, latencies, corrected"
_DAY_SECONDS = 86_400.0
_PATIENCE_SECONDS = 1.0
_LEAP_SECONDS = 7 * _DAY_SECONDS
_PROOF_SECONDS = _DAY_SECONDS


class HistoryError(DictationError):
    """The history cannot be read or written; the message names the file and the cause."""


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """What is kept, for how many days and how many texts (0: without end)."""

    enabled: bool = True
    days: int = 90
    entries: int = 5000


@dataclass(frozen=True, slots=True)
class Entry:
    """One text.

    `id`: 0 until it is in the history. `at`: seconds since 1970. `application`: the window's class,
    None where it is unknown. `raw`: what the recogniser heard, `text` what was written of it.
    `confidence`: 0.0 to 1.0. `latencies`: seconds by name (those of events.Timing, and `delivery`).
    `corrected`: what its owner says it should have been.
    """

    at: float
    application: str | None
    language: Language
    raw: str
    text: str
    confidence: float | None = None
    state: EntryState = "undelivered"
    latencies: Mapping[str, float] = field(default_factory=dict)
    corrected: str | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class ClockRun:
    """Since when the clock has been seen to go on without a leap, and when last (s since 1970).

    A clock that is set far ahead would make every text too old at once, and cannot be told from a
    long absence: so nothing is forgotten before the clock has kept its word for a day.
    """

    since: float
    last: float

    def seen(self, now: float) -> "ClockRun":
        """What is known after another look; a leap, ahead or back, begins anew."""
        goes_on = self.last <= now <= self.last + _LEAP_SECONDS
        return ClockRun(self.since if goes_on else now, now)

    @property
    def proven(self) -> bool:
        """Whether texts may be forgotten by this clock."""
        return self.last - self.since >= _PROOF_SECONDS


def history_file() -> Path:
    """Where the history is: `history.db` in the user's data folder."""
    return platformdirs.user_data_path("dictation") / "history.db"


class History:
    """The texts of the last days, newest last; nothing is opened or made before it is needed.

    An entry whose `add` has returned outlives the process however that ends. Every method raises
    HistoryError where the file cannot be used (no permission, full disk, not a database); what was
    in it before is still there then. For one thread.
    """

    def __init__(
        self,
        path: Path,
        settings: HistorySettings,
        clock: Callable[[], float],
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        self.path = path
        self._patience = patience
        self._settings = settings
        self._clock = clock
        self._connection: sqlite3.Connection | None = None

    @classmethod
    def open(
        cls,
        path: Path,
        settings: HistorySettings,
        clock: Callable[[], float],
        patience: float = _PATIENCE_SECONDS,
    ) -> "History":
        """A history that is or will be at `path`; `clock` gives seconds since 1970, `patience` is
        for how long another program that writes to it is waited for, in seconds."""
        return cls(path, settings, clock, patience)

    def add(self, entry: Entry) -> int | None:
        """Write a text and return its id; None where the settings keep no history."""
        if not self._settings.enabled:
            return None
        with self._told(), self._made() as connection:
            values = (
                entry.at, entry.application, entry.language, entry.raw, entry.text,
                entry.confidence, entry.state, json.dumps(dict(entry.latencies)), entry.corrected,
            )  # fmt: skip
            columns = _COLUMNS.removeprefix("id, ")
            row = connection.execute(
                f"INSERT INTO entries ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values
            )
            self._forget_the_old(connection)
            return row.lastrowid

    def mark(
        self, entry_id: int | None, state: EntryState, *, delivery: float | None = None
    ) -> None:
        """Say where a text has gone, and in how many seconds; None is a text nobody wrote down."""
        if entry_id is None:
            return
        with self._told(), self._made() as connection:
            connection.execute("UPDATE entries SET state = ? WHERE id = ?", (state, entry_id))
            if delivery is not None:
                connection.execute(
                    "UPDATE entries SET latencies = json_set(latencies, '$.delivery', ?)"
                    " WHERE id = ?",
                    (delivery, entry_id),
                )

    def correct(self, entry_id: int, text: str) -> None:
        """Say what a text should have been. Raises HistoryError when there is no such entry."""
        with self._told(), self._made() as connection:
            changed = connection.execute(
                "UPDATE entries SET corrected = ? WHERE id = ?", (text, entry_id)
            )
            if changed.rowcount == 0:
                raise HistoryError(f"the history has no text number {entry_id}")

    def recent(self, limit: int) -> list[Entry]:
        """The newest texts, newest first."""
        return self._select("ORDER BY id DESC LIMIT ?", limit)

    def search(self, text: str) -> list[Entry]:
        """Every entry with `text` in what was heard or written, newest first."""
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        pattern = f"%{escaped}%"
        where = "WHERE text LIKE ? ESCAPE '\\' OR raw LIKE ? ESCAPE '\\' ORDER BY id DESC"
        return self._select(where, pattern, pattern)

    def entry(self, entry_id: int) -> Entry:
        """One text. Raises HistoryError when there is no such entry."""
        found = self._select("WHERE id = ?", entry_id)
        if not found:
            raise HistoryError(f"the history has no text number {entry_id}")
        return found[0]

    def all(self) -> list[Entry]:
        """Every entry, oldest first."""
        return self._select("ORDER BY id")

    def clear(self) -> int:
        """Delete every text, so that no file holds it any more, and return how many there were."""
        if not self.path.exists():
            return 0
        with self._told():
            with self._made() as connection:
                count = connection.execute("DELETE FROM entries").rowcount
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return count

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _select(self, clauses: str, *values: object) -> list[Entry]:
        if self._connection is None and not self.path.exists():
            return []
        with self._told():
            rows = self._open().execute(f"SELECT {_COLUMNS} FROM entries {clauses}", values)
            return [_entry(row) for row in rows]

    @contextmanager
    def _made(self) -> Iterator[sqlite3.Connection]:
        """A transaction: committed as a whole or not at all."""
        connection = self._open()
        with connection:
            yield connection

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and not self.path.exists():
            self.close()  # its owner has deleted it: what is said from now on goes into a new one
        if self._connection is None:
            _make_private(self.path)
            connection = sqlite3.connect(self.path, timeout=self._patience)
            try:
                _prepare(connection, self.path)
                with connection:
                    self._forget_the_old(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _forget_the_old(self, connection: sqlite3.Connection) -> None:
        now = self._clock()
        if self._settings.days and _look_at_clock(connection, now).proven:
            oldest = now - self._settings.days * _DAY_SECONDS
            connection.execute("DELETE FROM entries WHERE at < ?", (oldest,))
        if self._settings.entries:
            connection.execute(
                "DELETE FROM entries WHERE id <= (SELECT max(id) FROM entries) - ?",
                (self._settings.entries,),
            )

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise HistoryError(f"{self.path}: {error}{_way_out(error)}") from error
        except OSError as error:
            raise HistoryError(f"{self.path}: {error.strerror}") from error


def _make_private(path: Path) -> None:
    """Only the owner may look into the folder and the file; the journal beside it follows suit."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.parent.stat().st_mode & 0o077:
        path.parent.chmod(0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    # A killed process loses nothing of a write-ahead log; only a power cut may take the last texts.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA secure_delete = ON")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > _SCHEMA_VERSION:
        raise HistoryError(f"{path}: was written by a newer version of Dictation; move it away")
    if version < _SCHEMA_VERSION:
        with connection:
            connection.execute(_SCHEMA)
            connection.execute("CREATE INDEX IF NOT EXISTS entries_at ON entries (at)")
            connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
    connection.execute(_CLOCK)  # an older version does without it


def _look_at_clock(connection: sqlite3.Connection, now: float) -> ClockRun:
    """What is known of the clock with this look, which is written down."""
    row = connection.execute("SELECT since, last FROM clock").fetchone()
    run = ClockRun(*row).seen(now) if row else ClockRun(now, now)
    connection.execute("REPLACE INTO clock VALUES (1, ?, ?)", (run.since, run.last))
    return run


def _way_out(error: sqlite3.Error) -> str:
    match getattr(error, "sqlite_errorname", ""):
        case "SQLITE_NOTADB" | "SQLITE_CORRUPT":
            return "; move it away to start a new one"
        case "SQLITE_FULL" | "SQLITE_IOERR_WRITE":
            return "; free some space"
        case _:
            return ""


def _entry(row: tuple[object, ...]) -> Entry:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    return Entry(**{**values, "latencies": json.loads(str(values["latencies"]))})
