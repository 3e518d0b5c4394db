"""Forgets a tab that was closed, with everything it was given.

Streamlit keeps the session of a lost connection, so that a page can come back, and lets go of it
only when some other tab comes or goes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

FORGET_SECONDS = 10.0
"""How long a page may be without connection and come back."""

LOOK_SECONDS = 2.0


@dataclass(slots=True)
class Tabs:
    """Remembers when each session was last connected, and whose page is being drawn; `clock` in
    seconds."""

    clock: Callable[[], float]
    _seen: dict[str, float] = field(default_factory=dict)
    _drawing: set[str] = field(default_factory=set)

    def draws(self, session: str) -> None:
        """A page of that session begins to be drawn."""
        self._drawing.add(session)
        self._seen[session] = self.clock()

    def drawn(self, session: str) -> None:
        """All sounds of that session's page are on it."""
        self._drawing.discard(session)

    @property
    def drawing(self) -> bool:
        """Whether some page is being drawn: its sounds belong to nobody for that long."""
        return bool(self._drawing)

    def gone(self, connected: Callable[[str], bool]) -> list[str]:
        """The sessions that have been without connection for too long; each is told once."""
        now = self.clock()
        for session in list(self._seen):
            if connected(session):
                self._seen[session] = now
        found = [name for name, at in self._seen.items() if now - at >= FORGET_SECONDS]
        for session in found:
            del self._seen[session]
            self._drawing.discard(session)
        return found


@asynccontextmanager
async def forgetting(tabs: Tabs) -> AsyncIterator[None]:
    """Close the sessions of closed tabs while the server runs, on its event loop."""
    from streamlit.runtime import get_instance

    from dictation.web.sounds import keep_sounds

    runtime = get_instance()
    sweep = keep_sounds(runtime.media_file_mgr, tabs)

    async def look() -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for session in tabs.gone(runtime.is_active_session):
                runtime.close_session(session)
            sweep()

    task = asyncio.create_task(look())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
