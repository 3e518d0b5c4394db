"""What the user commands."""

from dataclasses import replace
from typing import assert_never

from dictation.actions import (
    CancelListening,
    CopyLast,
    HideCaption,
    Keep,
    Notify,
    UndoLast,
)
from dictation.events import (
    CommandName,
)
from dictation.session.listening import (
    cancel,
    keep_what_was_shown,
    start,
    stop,
    stop_for_good,
    switch,
)
from dictation.session.state import State, Step


def command(state: State, name: CommandName, now: float) -> Step:
    """Carry out a command."""
    match name:
        case "start":
            return start(state, now)
        case "stop":
            return stop_for_good(state)
        case "toggle":
            return switch(state, now)
        case "cancel":
            return cancel(state)
        case "undo":
            return state, (UndoLast(),)
        case "copy_last":
            return state, (CopyLast(),)
        case "quit" if state.quitting:
            return _quit_at_once(state)
        case "quit":
            stopped, actions = stop(state)
            return replace(stopped, quitting=True), actions
        case _:
            assert_never(name)


def _quit_at_once(state: State) -> Step:
    """The user asked twice: keep every text that has not arrived and wait for nothing more."""
    undelivered = (*((state.delivering,) if state.delivering else ()), *state.waiting)
    kept = tuple(Keep(each.utterance, each.text, "quitting") for each in undelivered)
    kept = (*kept, *keep_what_was_shown(state, "quitting"))
    hide = (HideCaption(),) if state.caption else ()
    told = (Notify("kept", "dictation was ended"),) if kept else ()
    cancel = (CancelListening(),) if state.runs else ()
    emptied = replace(state, runs=(), delivering=None, waiting=(), caption=False, by_key=False)
    return emptied, (*cancel, *hide, *kept, *told)
