"""What the worker and the delivery desk say of utterances and texts."""

from dataclasses import replace

from dictation.actions import (
    Action,
    CaptionStage,
    Deliver,
    Keep,
    Notify,
    PinTarget,
    ShowCaption,
    ShowPreedit,
)
from dictation.events import (
    Delivered,
    Final,
    Partial,
    SpeechDropped,
    SpeechStarted,
)
from dictation.session.commands import command
from dictation.session.listening import hide_when_idle, without_preedit
from dictation.session.state import Run, State, Step


def speech_started(state: State, event: SpeechStarted) -> Step:
    """An utterance begins."""
    if _cancelled(state) or not state.runs:
        return state, ()
    run = state.runs[0]
    # Hands-free, the window that had the focus when listening began may be long gone.
    first = run.utterances == 0 and state.choices.mode != "hands-free"
    pin = run.pin if first else state.pins + 1
    run = replace(run, open=event.utterance, utterances=run.utterances + 1, partial="", pin=pin)
    started = replace(_with_oldest(state, run), pins=max(state.pins, pin))
    return started, () if first else (PinTarget(pin),)


def partial(state: State, event: Partial) -> Step:
    """Its caption."""
    if _cancelled(state) or not state.runs:
        return state, ()
    heard = replace(
        _with_oldest(state, replace(state.runs[0], partial=event.text)),
        language=event.language or state.language,
        caption=True,
    )
    stage: CaptionStage = "partial" if state.runs[0].stop == "no" else "finishing"
    caption = ShowCaption(event.text, event.language, stage, event.unstable)
    return heard, (caption, ShowPreedit(event.text, heard.runs[0].pin))


def final(state: State, event: Final, now: float) -> Step:
    """Its text."""
    if _cancelled(state):
        return state, ()
    actions: tuple[Action, ...] = ()
    pin = None
    if state.runs:
        run = state.runs[0]
        pin = run.pin
        state = _with_oldest(state, replace(run, open=None, partial=""))
        state = replace(state, caption=True)
        shown = event.text.strip() or event.raw
        gone = () if event.text else without_preedit(run)
        actions = (ShowCaption(shown, event.language, "final"), *gone)
    state = replace(state, language=event.language)
    if event.text:
        text = Deliver(event.utterance, event.text, event.language, pin)
        state, more = _deliver(replace(state, waiting=(*state.waiting, text)))
        actions = (*actions, *more)
    if event.command is None:
        return state, actions
    commanded, more = command(state, event.command, now)
    return commanded, (*actions, *more)


def speech_dropped(state: State, event: SpeechDropped) -> Step:
    """It ends without text."""
    if _cancelled(state) or not state.runs:
        return state, ()
    run = state.runs[0]
    dropped = _with_oldest(state, replace(run, open=None, partial=""))
    gone = without_preedit(run)
    if event.reason != "failed":
        return dropped, gone
    told = Notify("recognition_failed", event.detail)
    if not run.partial:
        return dropped, (told,)
    return dropped, (*gone, Keep(event.utterance, run.partial, "recognition_failed"), told)


def listening_ended(state: State, now: float) -> Step:
    """The worker has dealt with all of a run."""
    if not state.runs or state.runs[0].stop == "no":
        return state, ()
    run = state.runs[0]
    if run.answers > 1:
        return _with_oldest(state, replace(run, answers=run.answers - 1)), ()
    ended = replace(state, runs=state.runs[1:])
    hidden, actions = hide_when_idle(ended, state.settings.caption_seconds)
    long = now - run.since >= state.settings.quiet_seconds
    if run.stop == "finish" and run.utterances == 0 and long and _is_news(state):
        actions = (*actions, Notify("quiet"))
    return hidden, actions


def delivered(state: State, event: Delivered) -> Step:
    """A text has arrived; the next one may go."""
    if state.delivering is None or state.delivering.utterance != event.utterance:
        return state, ()
    freed, actions = _deliver(replace(state, delivering=None))
    # A text that was only copied needs its owner's hand.
    return freed, (Notify("copied"), *actions) if event.route == "clipboard" else actions


def delivery_failed(state: State, utterance: int, reason: str) -> Step:
    """A text did not arrive; the next one may go."""
    if state.delivering is None or state.delivering.utterance != utterance:
        return state, ()
    kept = Keep(utterance, state.delivering.text, "delivery_failed")
    freed, actions = _deliver(replace(state, delivering=None))
    return freed, (kept, Notify("kept", reason), *actions)


def _cancelled(state: State) -> bool:
    return bool(state.runs) and state.runs[0].stop == "cancel"


def _with_oldest(state: State, run: Run) -> State:
    return replace(state, runs=(run, *state.runs[1:]))


def _is_news(state: State) -> bool:
    """Whether the user would wonder why nothing was heard."""
    return not (state.microphone_lost or state.deaf or state.choices.mode == "hands-free")


def _deliver(state: State) -> Step:
    if state.delivering is not None or not state.waiting:
        return state, ()
    first, *rest = state.waiting
    return replace(state, delivering=first, waiting=tuple(rest)), (first,)
