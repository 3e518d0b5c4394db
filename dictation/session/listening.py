"""Runs of listening: how they begin and how they end."""

from dataclasses import replace

from dictation.actions import (
    Action,
    CancelListening,
    HideCaption,
    Keep,
    KeepReason,
    Notify,
    PinTarget,
    ShowCaption,
    ShowPreedit,
    StartListening,
    StopListening,
)
from dictation.session.state import Run, State, Step


def start(state: State, now: float) -> Step:
    """Begin a run of listening, unless one goes on; where nobody may be heard, say why."""
    if state.listening:
        return state, ()
    if state.quitting:
        return state, (Notify("ending"),)
    if state.pauses:
        return state, (Notify("away"),)
    if state.choices.muted:
        return state, (Notify("muted"),)
    pin = state.pins + 1
    runs = (*state.runs, Run(since=now, pin=pin))
    started = replace(state, runs=runs, pins=pin, by_key=False, caption=True, going_on=True)
    return started, (PinTarget(pin), StartListening(), ShowCaption("", None, "listening"))


def stop(state: State) -> Step:
    """End the newest run; what was heard is finished."""
    if not state.listening:
        return replace(state, by_key=False), ()
    last = replace(state.runs[-1], stop="finish", answers=1)
    stopped = replace(state, runs=(*state.runs[:-1], last), by_key=False)
    if last.open is None and last.utterances:
        return stopped, (StopListening(),)  # the caption shows the finished text already
    caption = ShowCaption(last.partial, state.language if last.partial else None, "finishing")
    return stopped, (StopListening(), caption)


def stop_for_good(state: State) -> Step:
    """Stop, and do not go on listening by itself."""
    stopped, actions = stop(state)
    return replace(stopped, going_on=False), actions


def switch(state: State, now: float) -> Step:
    """Stop for good when listening, else start."""
    return stop_for_good(state) if state.listening else start(state, now)


def cancel(state: State) -> Step:
    """Take back the newest run, listening or finishing; older ones were ended by a plain stop."""
    if not state.runs or state.runs[-1].stop == "cancel":
        return state, ()
    last = state.runs[-1]
    last = replace(last, stop="cancel", answers=last.answers + 1, open=None, partial="")
    cancelled = replace(state, runs=(*state.runs[:-1], last), by_key=False)
    hidden, actions = hide_when_idle(cancelled, 0.0)
    return hidden, (CancelListening(), *without_preedit(state.runs[-1]), *actions)


def keep_what_was_shown(state: State, reason: KeepReason) -> tuple[Keep, ...]:
    """Keep the captions of utterances whose texts will not come."""
    return tuple(
        Keep(run.open, run.partial, reason)
        for run in state.runs
        if run.open is not None and run.partial and run.stop != "cancel"
    )


def may_go_on(state: State) -> bool:
    """Whether hands-free listening begins by itself."""
    ready = state.model == "ready" and not state.microphone_lost
    free = not (state.listening or state.quitting or state.deaf)
    return state.choices.mode == "hands-free" and state.going_on and ready and free


def without_preedit(run: Run) -> tuple[Action, ...]:
    """What takes back the words shown at the cursor."""
    return (ShowPreedit("", run.pin),) if run.partial else ()


def hide_when_idle(state: State, after: float) -> Step:
    """Take the caption away `after` so many seconds when nothing more will come."""
    if state.listening or state.finishing or not state.caption:
        return state, ()
    return replace(state, caption=False), (HideCaption(after),)
