"""The dictation state machine as a pure function: (state, event, now) -> (state, actions).

The worker answers every StopListening and every CancelListening with exactly one ListeningEnded,
and what it says before that answer belongs to the oldest run that still waits for one. That order
is all the session needs to know which texts a cancel has taken back.
"""

from dataclasses import dataclass, replace
from typing import Literal, assert_never

from dictation.actions import (
    Action,
    CancelListening,
    CaptionStage,
    Deliver,
    HideCaption,
    Keep,
    Notify,
    PinTarget,
    Quit,
    SetStatus,
    ShowCaption,
    StartListening,
    Status,
    StopListening,
)
from dictation.events import (
    Command,
    Delivered,
    DeliveryFailed,
    DeviceLost,
    DeviceReady,
    Event,
    FallingBehind,
    Final,
    HotkeyPressed,
    HotkeyReleased,
    Language,
    ListeningEnded,
    ModelFailed,
    ModelReady,
    Partial,
    SpeechDropped,
    SpeechStarted,
)

HotkeyMode = Literal["hold", "toggle"]


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """How the key works, how long a finished caption stays, when silence is worth a word."""

    mode: HotkeyMode = "hold"
    caption_seconds: float = 1.5
    quiet_seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class Run:
    """One stretch of listening, from its start to the worker's last answer about it.

    `answers`: ListeningEnded events still to come once it was stopped. `pin`: the target of the
    utterance that is open or comes next. `open`: the utterance being spoken. `partial`: its
    caption, which stands in for its text should the model fail.
    """

    since: float
    pin: int
    stop: Literal["no", "finish", "cancel"] = "no"
    answers: int = 0
    utterances: int = 0
    open: int | None = None
    partial: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """All the session knows; `runs` are those the worker has not ended, oldest first."""

    settings: SessionSettings = SessionSettings()
    model: Literal["loading", "ready", "failed"] = "loading"
    runs: tuple[Run, ...] = ()
    by_key: bool = False
    pins: int = 0
    language: Language | None = None
    caption: bool = False
    delivering: Deliver | None = None
    waiting: tuple[Deliver, ...] = ()
    microphone_lost: bool = False
    behind: bool = False
    error: str | None = None
    quitting: bool = False
    ended: bool = False

    @property
    def listening(self) -> bool:
        """Whether the microphone's sound goes to the worker."""
        return bool(self.runs) and self.runs[-1].stop == "no"

    @property
    def finishing(self) -> bool:
        """Whether text may still come of what was heard before the last stop."""
        return any(run.stop == "finish" for run in self.runs)

    @property
    def status(self) -> Status:
        """The one word for all this."""
        if self.model == "failed":
            return "error"
        if self.listening:
            return "speaking" if self.runs[-1].open is not None else "listening"
        if self.finishing or self.delivering is not None:
            return "finishing"
        if self.model == "loading":
            return "loading"
        return "error" if self.microphone_lost else "idle"


Step = tuple[State, tuple[Action, ...]]


def step(state: State, event: Event, now: float) -> Step:
    """Return the state after `event` and what is to be done, in order."""
    if state.ended:
        return state, ()
    after, actions = _react(state, event, now)
    if after.quitting and not (after.runs or after.delivering or after.waiting):
        after = replace(after, ended=True)
        actions = (*actions, Quit(after.error))
    elif (after.status, after.language) != (state.status, state.language):
        actions = (*actions, SetStatus(after.status, after.language))
    return after, actions


def _react(state: State, event: Event, now: float) -> Step:
    match event:
        case HotkeyPressed():
            if state.settings.mode == "toggle":
                return _stop(state) if state.listening else _start(state, now)
            started, actions = _start(state, now)
            return replace(started, by_key=started.listening), actions
        case HotkeyReleased():
            return _stop(state) if state.by_key else (state, ())
        case Command(name):
            return _command(state, name, now)
        case SpeechStarted():
            return _speech_started(state, event)
        case Partial():
            return _partial(state, event)
        case Final():
            return _final(state, event)
        case SpeechDropped():
            return _speech_dropped(state, event)
        case ListeningEnded():
            return _listening_ended(state, now)
        case ModelReady():
            return replace(state, model="ready"), ()
        case ModelFailed(message):
            return _model_failed(state, message)
        case FallingBehind(backlog):
            told = state.behind or backlog == 0.0
            actions = () if told else (Notify("behind", f"{backlog:.1f}"),)
            return replace(state, behind=backlog > 0.0), actions
        case DeviceLost(reason):
            stopped, actions = _stop(state)
            lost = replace(stopped, microphone_lost=True)
            told = state.microphone_lost and not state.listening
            return lost, actions if told else (*actions, Notify("microphone_lost", reason))
        case DeviceReady():
            return replace(state, microphone_lost=False), ()
        case Delivered():
            return _delivered(state, event)
        case DeliveryFailed(utterance, reason):
            return _delivery_failed(state, utterance, reason)
        case _:
            assert_never(event)


def _command(
    state: State, name: Literal["start", "stop", "toggle", "cancel", "quit"], now: float
) -> Step:
    match name:
        case "start":
            return _start(state, now)
        case "stop":
            return _stop(state)
        case "toggle":
            return _stop(state) if state.listening else _start(state, now)
        case "cancel":
            return _cancel(state)
        case "quit" if state.quitting:
            return _quit_at_once(state)
        case "quit":
            stopped, actions = _stop(state)
            return replace(stopped, quitting=True), actions
        case _:
            assert_never(name)


def _start(state: State, now: float) -> Step:
    if state.listening or state.quitting:
        return state, ()
    pin = state.pins + 1
    started = replace(
        state, runs=(*state.runs, Run(since=now, pin=pin)), pins=pin, by_key=False, caption=True
    )
    return started, (PinTarget(pin), StartListening(), ShowCaption("", None, "listening"))


def _stop(state: State) -> Step:
    if not state.listening:
        return replace(state, by_key=False), ()
    last = replace(state.runs[-1], stop="finish", answers=1)
    stopped = replace(state, runs=(*state.runs[:-1], last), by_key=False)
    if last.open is None and last.utterances:
        return stopped, (StopListening(),)  # the caption shows the finished text already
    caption = ShowCaption(last.partial, state.language if last.partial else None, "finishing")
    return stopped, (StopListening(), caption)


def _cancel(state: State) -> Step:
    """Take back the newest run, listening or finishing; older ones were ended by a plain stop."""
    if not state.runs or state.runs[-1].stop == "cancel":
        return state, ()
    last = state.runs[-1]
    last = replace(last, stop="cancel", answers=last.answers + 1, open=None, partial="")
    cancelled = replace(state, runs=(*state.runs[:-1], last), by_key=False)
    hidden, actions = _hide_when_idle(cancelled, 0.0)
    return hidden, (CancelListening(), *actions)


def _quit_at_once(state: State) -> Step:
    """The user asked twice: keep every text that has not arrived and wait for nothing more."""
    undelivered = (*((state.delivering,) if state.delivering else ()), *state.waiting)
    kept = tuple(Keep(each.utterance, each.text, "quitting") for each in undelivered)
    hide = (HideCaption(),) if state.caption else ()
    told = (Notify("kept", "dictation was ended"),) if kept else ()
    cancel = (CancelListening(),) if state.runs else ()
    emptied = replace(state, runs=(), delivering=None, waiting=(), caption=False, by_key=False)
    return emptied, (*cancel, *hide, *kept, *told)


def _model_failed(state: State, message: str) -> Step:
    """Without a model nothing more can be heard: deliver what is finished, then end."""
    stop = (CancelListening(),) if state.listening else ()
    hide = (HideCaption(),) if state.caption else ()
    kept = tuple(
        Keep(run.open, run.partial, "recognition_failed")
        for run in state.runs
        if run.open is not None and run.partial and run.stop != "cancel"
    )
    failed = replace(
        state, model="failed", runs=(), by_key=False, caption=False, quitting=True, error=message
    )
    return failed, (*stop, *hide, *kept, Notify("model_failed", message))


def _cancelled(state: State) -> bool:
    return bool(state.runs) and state.runs[0].stop == "cancel"


def _with_oldest(state: State, run: Run) -> State:
    return replace(state, runs=(run, *state.runs[1:]))


def _speech_started(state: State, event: SpeechStarted) -> Step:
    if _cancelled(state) or not state.runs:
        return state, ()
    run = state.runs[0]
    first = run.utterances == 0
    pin = run.pin if first else state.pins + 1
    run = replace(run, open=event.utterance, utterances=run.utterances + 1, partial="", pin=pin)
    started = replace(_with_oldest(state, run), pins=max(state.pins, pin))
    return started, () if first else (PinTarget(pin),)


def _partial(state: State, event: Partial) -> Step:
    if _cancelled(state) or not state.runs:
        return state, ()
    heard = replace(
        _with_oldest(state, replace(state.runs[0], partial=event.text)),
        language=event.language or state.language,
        caption=True,
    )
    stage: CaptionStage = "partial" if state.runs[0].stop == "no" else "finishing"
    return heard, (ShowCaption(event.text, event.language, stage, event.unstable),)


def _final(state: State, event: Final) -> Step:
    if _cancelled(state):
        return state, ()
    actions: tuple[Action, ...] = ()
    pin = None
    if state.runs:
        run = state.runs[0]
        pin = run.pin
        state = _with_oldest(state, replace(run, open=None, partial=""))
        state = replace(state, caption=True)
        actions = (ShowCaption(event.text, event.language, "final"),)
    state = replace(state, language=event.language)
    text = Deliver(event.utterance, event.text, event.language, pin)
    delivered, more = _deliver(replace(state, waiting=(*state.waiting, text)))
    return delivered, (*actions, *more)


def _speech_dropped(state: State, event: SpeechDropped) -> Step:
    if _cancelled(state) or not state.runs:
        return state, ()
    run = state.runs[0]
    dropped = _with_oldest(state, replace(run, open=None, partial=""))
    if event.reason != "failed":
        return dropped, ()
    told = Notify("recognition_failed", event.detail)
    if not run.partial:
        return dropped, (told,)
    return dropped, (Keep(event.utterance, run.partial, "recognition_failed"), told)


def _listening_ended(state: State, now: float) -> Step:
    if not state.runs or state.runs[0].stop == "no":
        return state, ()
    run = state.runs[0]
    if run.answers > 1:
        return _with_oldest(state, replace(run, answers=run.answers - 1)), ()
    ended = replace(state, runs=state.runs[1:])
    hidden, actions = _hide_when_idle(ended, state.settings.caption_seconds)
    long = now - run.since >= state.settings.quiet_seconds
    if run.stop == "finish" and run.utterances == 0 and long and not state.microphone_lost:
        actions = (*actions, Notify("quiet"))
    return hidden, actions


def _hide_when_idle(state: State, after: float) -> Step:
    if state.listening or state.finishing or not state.caption:
        return state, ()
    return replace(state, caption=False), (HideCaption(after),)


def _deliver(state: State) -> Step:
    if state.delivering is not None or not state.waiting:
        return state, ()
    first, *rest = state.waiting
    return replace(state, delivering=first, waiting=tuple(rest)), (first,)


def _delivered(state: State, event: Delivered) -> Step:
    if state.delivering is None or state.delivering.utterance != event.utterance:
        return state, ()
    freed, actions = _deliver(replace(state, delivering=None))
    # A text that was only copied needs its owner's hand.
    return freed, (Notify("copied"), *actions) if event.route == "clipboard" else actions


def _delivery_failed(state: State, utterance: int, reason: str) -> Step:
    if state.delivering is None or state.delivering.utterance != utterance:
        return state, ()
    kept = Keep(utterance, state.delivering.text, "delivery_failed")
    freed, actions = _deliver(replace(state, delivering=None))
    return freed, (kept, Notify("kept", reason), *actions)
