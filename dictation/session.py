"""The dictation state machine as a pure function: (state, event, now) -> (state, actions).

The worker answers every StopListening and every CancelListening with exactly one ListeningEnded,
and what it says before that answer belongs to the oldest run that still waits for one. That order
is all the session needs to know which texts a cancel has taken back.
"""

from dataclasses import dataclass, field, replace
from typing import Literal, assert_never, get_args

from dictation.actions import (
    Action,
    CancelListening,
    CaptionStage,
    Choices,
    CloseMicrophone,
    CopyLast,
    Deliver,
    HideCaption,
    Keep,
    Notice,
    Notify,
    OpenMicrophone,
    PinTarget,
    Quit,
    SetStatus,
    ShowCaption,
    ShowChoices,
    ShowPreedit,
    StartListening,
    Status,
    StopListening,
    UndoLast,
    UseLanguage,
    UseMicrophone,
)
from dictation.events import (
    BadLevel,
    Command,
    CommandName,
    Copied,
    Delivered,
    DeliveryFailed,
    DeviceLost,
    DeviceReady,
    Event,
    FallingBehind,
    Final,
    HotkeyPressed,
    HotkeyReleased,
    HotkeySpoiled,
    Language,
    LanguageChoice,
    ListeningEnded,
    MicrophonesChanged,
    ModelFailed,
    ModelReady,
    Partial,
    Pause,
    Paused,
    Resumed,
    SetLanguage,
    SetMicrophone,
    SetMode,
    SetMuted,
    SpeechDropped,
    SpeechStarted,
    Undone,
    UndoRefused,
)


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """How long a finished caption stays, when silence is worth a word, and how the key is tapped.

    `modifier_key`: the dictation key is a modifier, so that a tap counts when it comes up without
    having served a shortcut. `double_tap_seconds`: time from the first tap to the second.
    """

    caption_seconds: float = 1.5
    quiet_seconds: float = 2.0
    modifier_key: bool = False
    double_tap_seconds: float = 0.4


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
    """All the session knows; `runs` are those the worker has not ended, oldest first.

    `by_key`: listening lasts as long as the key is held. `key_down`: a modifier key is down that
    may become a tap; `tapped_at`: the time of a first tap. `going_on`: hands-free listening is
    wanted, also after a break.
    """

    settings: SessionSettings = SessionSettings()
    choices: Choices = field(default_factory=Choices)
    microphones: tuple[str, ...] = ()
    pauses: frozenset[Pause] = frozenset()
    going_on: bool = True
    key_down: bool = False
    tapped_at: float | None = None
    model: Literal["loading", "ready", "failed"] = "loading"
    runs: tuple[Run, ...] = ()
    by_key: bool = False
    pins: int = 0
    language: Language | None = None
    caption: bool = False
    delivering: Deliver | None = None
    waiting: tuple[Deliver, ...] = ()
    faults: frozenset[str] = frozenset()
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
    def deaf(self) -> bool:
        """Whether the microphone must stay closed."""
        return self.choices.muted or bool(self.pauses)

    @property
    def cancellable(self) -> bool:
        """Whether there is something that the cancel key would take back.

        Hands-free the key stays with the other programs until somebody speaks.
        """
        if not self.runs or self.runs[-1].stop == "cancel":
            return False
        waiting = self.choices.mode == "hands-free" and self.listening
        return not waiting or self.runs[-1].open is not None

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
        if self.choices.muted:
            return "muted"
        return "error" if self.microphone_lost else "idle"


_FAULTS: dict[Literal["clipped", "low"], Notice] = {"clipped": "too_loud", "low": "too_soft"}

Step = tuple[State, tuple[Action, ...]]


def step(state: State, event: Event, now: float) -> Step:
    """Return the state after `event` and what is to be done, in order."""
    if state.ended:
        return state, ()
    after, actions = _react(state, event, now)
    if after.deaf != state.deaf:
        actions = (*actions, CloseMicrophone() if after.deaf else OpenMicrophone())
    if _may_go_on(after):
        after, more = _start(after, now)
        actions = (*actions, *more)
    if (after.choices, after.microphones) != (state.choices, state.microphones):
        actions = (*actions, ShowChoices(after.choices, after.microphones))
    if after.quitting and not (after.runs or after.delivering or after.waiting):
        after = replace(after, ended=True)
        actions = (*actions, Quit(after.error))
    elif (after.status, after.language) != (state.status, state.language):
        actions = (*actions, SetStatus(after.status, after.language))
    return after, actions


def _react(state: State, event: Event, now: float) -> Step:
    match event:
        case HotkeyPressed():
            return _key_pressed(state, now)
        case HotkeyReleased():
            return _key_released(state, now)
        case HotkeySpoiled():
            spoiled = replace(state, key_down=False, tapped_at=None)
            return _cancel(spoiled) if state.by_key else (spoiled, ())
        case Command(name):
            return _command(state, name, now)
        case SetLanguage() | SetMode() | SetMicrophone() | SetMuted():
            return _choose(state, event)
        case MicrophonesChanged(names):
            return replace(state, microphones=names), ()
        case Paused(why):
            stopped, actions = _stop(state)
            return replace(stopped, pauses=state.pauses | {why}), actions
        case Resumed(why):
            return replace(state, pauses=state.pauses - {why}), ()
        case SpeechStarted():
            return _speech_started(state, event)
        case Partial():
            return _partial(state, event)
        case Final():
            return _final(state, event, now)
        case SpeechDropped():
            return _speech_dropped(state, event)
        case BadLevel(fault):
            # Once: it stays as it is until somebody sees to it.
            marked = replace(state, faults=state.faults | {fault})
            return marked, () if fault in state.faults else (Notify(_FAULTS[fault]),)
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
        case DeviceReady(name, moved):
            found = replace(state, microphone_lost=False)
            return found, (Notify("microphone_moved", name),) if moved else ()
        case Delivered():
            return _delivered(state, event)
        case DeliveryFailed(utterance, reason):
            return _delivery_failed(state, utterance, reason)
        case Undone():
            return state, (Notify("undone"),)
        case UndoRefused(reason):
            return state, (Notify("not_undone", reason),)
        case Copied(reason):
            return state, (Notify("not_copied", reason) if reason else Notify("copied"),)
        case _:
            assert_never(event)


def _command(state: State, name: CommandName, now: float) -> Step:
    match name:
        case "start":
            return _start(state, now)
        case "stop":
            return _stop_for_good(state)
        case "toggle":
            return _switch(state, now)
        case "cancel":
            return _cancel(state)
        case "undo":
            return state, (UndoLast(),)
        case "copy_last":
            return state, (CopyLast(),)
        case "quit" if state.quitting:
            return _quit_at_once(state)
        case "quit":
            stopped, actions = _stop(state)
            return replace(stopped, quitting=True), actions
        case _:
            assert_never(name)


def _key_pressed(state: State, now: float) -> Step:
    if state.choices.mode == "hold":
        started, actions = _start(state, now)
        return replace(started, by_key=started.listening), actions
    if state.settings.modifier_key:
        return replace(state, key_down=True), ()
    return _tap(state, now)


def _key_released(state: State, now: float) -> Step:
    if state.key_down:
        return _tap(replace(state, key_down=False), now)
    return _stop(state) if state.by_key else (state, ())


def _tap(state: State, now: float) -> Step:
    if state.choices.mode != "double-tap" or state.listening:
        return _switch(state, now)
    first = state.tapped_at
    if first is None or now - first > state.settings.double_tap_seconds:
        return replace(state, tapped_at=now), ()
    return _start(replace(state, tapped_at=None), now)


def _switch(state: State, now: float) -> Step:
    return _stop_for_good(state) if state.listening else _start(state, now)


def _stop_for_good(state: State) -> Step:
    """Stop, and do not go on listening by itself."""
    stopped, actions = _stop(state)
    return replace(stopped, going_on=False), actions


def _may_go_on(state: State) -> bool:
    """Whether hands-free listening begins by itself."""
    ready = state.model == "ready" and not state.microphone_lost
    free = not (state.listening or state.quitting or state.deaf)
    return state.choices.mode == "hands-free" and state.going_on and ready and free


def _choose(state: State, event: SetLanguage | SetMode | SetMicrophone | SetMuted) -> Step:
    choices = state.choices
    match event:
        case SetLanguage(language):
            chosen = _next_language(choices.language) if language == "next" else language
            return replace(state, choices=replace(choices, language=chosen)), (UseLanguage(chosen),)
        case SetMicrophone(name):
            return replace(state, choices=replace(choices, microphone=name)), (UseMicrophone(name),)
        case SetMode(mode) if mode != choices.mode:
            stopped, actions = _stop(state)
            changed = replace(stopped, choices=replace(choices, mode=mode), going_on=True)
            return replace(changed, key_down=False, tapped_at=None), actions
        case SetMuted(change) if choices.muted != _wanted(change, choices.muted):
            stopped, actions = (state, ()) if choices.muted else _stop(state)
            return replace(stopped, choices=replace(choices, muted=not choices.muted)), actions
        case _:
            return state, ()


def _next_language(language: LanguageChoice) -> LanguageChoice:
    languages: tuple[LanguageChoice, ...] = get_args(LanguageChoice)
    return languages[(languages.index(language) + 1) % len(languages)]


def _wanted(change: Literal["on", "off", "toggle"], now: bool) -> bool:
    return not now if change == "toggle" else change == "on"


def _start(state: State, now: float) -> Step:
    if state.listening or state.quitting or state.pauses:
        return state, ()
    if state.choices.muted:
        return state, (Notify("muted"),)
    pin = state.pins + 1
    runs = (*state.runs, Run(since=now, pin=pin))
    started = replace(state, runs=runs, pins=pin, by_key=False, caption=True, going_on=True)
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
    return hidden, (CancelListening(), *_without_preedit(state.runs[-1]), *actions)


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


def _without_preedit(run: Run) -> tuple[Action, ...]:
    return (ShowPreedit("", run.pin),) if run.partial else ()


def _cancelled(state: State) -> bool:
    return bool(state.runs) and state.runs[0].stop == "cancel"


def _with_oldest(state: State, run: Run) -> State:
    return replace(state, runs=(run, *state.runs[1:]))


def _speech_started(state: State, event: SpeechStarted) -> Step:
    if _cancelled(state) or not state.runs:
        return state, ()
    run = state.runs[0]
    # Hands-free, the window that had the focus when listening began may be long gone.
    first = run.utterances == 0 and state.choices.mode != "hands-free"
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
    caption = ShowCaption(event.text, event.language, stage, event.unstable)
    return heard, (caption, ShowPreedit(event.text, heard.runs[0].pin))


def _final(state: State, event: Final, now: float) -> Step:
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
        gone = () if event.text else _without_preedit(run)
        actions = (ShowCaption(shown, event.language, "final"), *gone)
    state = replace(state, language=event.language)
    if event.text:
        text = Deliver(event.utterance, event.text, event.language, pin)
        state, more = _deliver(replace(state, waiting=(*state.waiting, text)))
        actions = (*actions, *more)
    if event.command is None:
        return state, actions
    commanded, more = _command(state, event.command, now)
    return commanded, (*actions, *more)


def _speech_dropped(state: State, event: SpeechDropped) -> Step:
    if _cancelled(state) or not state.runs:
        return state, ()
    run = state.runs[0]
    dropped = _with_oldest(state, replace(run, open=None, partial=""))
    gone = _without_preedit(run)
    if event.reason != "failed":
        return dropped, gone
    told = Notify("recognition_failed", event.detail)
    if not run.partial:
        return dropped, (told,)
    return dropped, (*gone, Keep(event.utterance, run.partial, "recognition_failed"), told)


def _listening_ended(state: State, now: float) -> Step:
    if not state.runs or state.runs[0].stop == "no":
        return state, ()
    run = state.runs[0]
    if run.answers > 1:
        return _with_oldest(state, replace(run, answers=run.answers - 1)), ()
    ended = replace(state, runs=state.runs[1:])
    hidden, actions = _hide_when_idle(ended, state.settings.caption_seconds)
    long = now - run.since >= state.settings.quiet_seconds
    if run.stop == "finish" and run.utterances == 0 and long and _is_news(state):
        actions = (*actions, Notify("quiet"))
    return hidden, actions


def _is_news(state: State) -> bool:
    """Whether the user would wonder why nothing was heard."""
    return not (state.microphone_lost or state.deaf or state.choices.mode == "hands-free")


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
