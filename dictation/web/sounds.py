"""Keeps what a page plays and offers while that page is being drawn.

A run of the page that begins lets go of all its sounds and takes them up again one by one. Whatever
belongs to nobody is deleted by Streamlit (MediaFileManager, 1.67) as soon as any run ends or any
tab is closed: a browser that asks for such a sound meanwhile is told that there is none.
"""

from collections.abc import Callable
from threading import Lock

from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dictation.web.tabs import Tabs


def current_session() -> str:
    """The session whose page this thread draws; empty without one."""
    context = get_script_run_ctx()
    return "" if context is None else context.session_id


def keep_sounds(manager: MediaFileManager, tabs: Tabs) -> Callable[[], None]:
    """From now on `manager` deletes nothing by itself; the function returned deletes what belongs
    to nobody, unless some page is being drawn."""
    lock = Lock()
    let_go, delete = manager.clear_session_refs, manager.remove_orphaned_files

    def begin(session_id: str | None = None) -> None:
        with lock:
            if session_id is None:  # a run begins; else a session ends
                tabs.draws(current_session())
            let_go(session_id)

    def sweep() -> None:
        with lock:
            if not tabs.drawing:
                delete()

    setattr(manager, "clear_session_refs", begin)  # noqa: B010 (no method in mypy's eyes)
    setattr(manager, "remove_orphaned_files", lambda: None)  # noqa: B010
    return sweep
