"""Which event is whose: the one function that the rest of the program calls."""

from dataclasses import replace
from typing import Literal, assert_never

from dictation.actions import (
    CancelListening,
    CloseMicrophone,
    HideCaption,
    Notice,
    Notify,
    OpenMicrophone,
    Quit,
    SetStatus,
    ShowChoices,
)
from dictation.events import (
    BadLevel,
    Command,
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
    ListeningEnded,
    MicrophonesChanged,
    ModelFailed,
    ModelMoved,
    ModelReady,
    PartFailed,
    Partial,
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
from dictation.session.choosing import choose, key_pressed, key_released
from dictation.session.commands import command
from dictation.session.listening import cancel, keep_what_was_shown, may_go_on, start, stop
from dictation.session.state import State, Step
from dictation.session.utterances import (
    delivered,
    delivery_failed,
    final,
    listening_ended,
    partial,
    speech_dropped,
    speech_started,
)

_FAULTS: dict[Literal["clipped", "low"], Notice] = {"clipped": "too_loud", "low": "too_soft"}


def step(state: State, event: Event, now: float) -> Step:
    """Return the state after `event` and what is to be done, in order."""
    if state.ended:
        return state, ()
    after, actions = _react(state, event, now)
    if after.deaf != state.deaf:
        actions = (*actions, CloseMicrophone() if after.deaf else OpenMicrophone())
    if may_go_on(after):
        after, more = start(after, now)
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
            return key_pressed(state, now)
        case HotkeyReleased():
            return key_released(state, now)
        case HotkeySpoiled():
            spoiled = replace(state, key_down=False, tapped_at=None)
            return cancel(spoiled) if state.by_key else (spoiled, ())
        case Command(name):
            return command(state, name, now)
        case SetLanguage() | SetMode() | SetMicrophone() | SetMuted():
            return choose(state, event)
        case MicrophonesChanged(names):
            return replace(state, microphones=names), ()
        case Paused(why):
            stopped, actions = stop(state)
            return replace(stopped, pauses=state.pauses | {why}), actions
        case Resumed(why):
            return replace(state, pauses=state.pauses - {why}), ()
        case SpeechStarted():
            return speech_started(state, event)
        case Partial():
            return partial(state, event)
        case Final():
            return final(state, event, now)
        case SpeechDropped():
            return speech_dropped(state, event)
        case BadLevel(fault):
            # Once: it stays as it is until somebody sees to it.
            marked = replace(state, faults=state.faults | {fault})
            return marked, () if fault in state.faults else (Notify(_FAULTS[fault]),)
        case ListeningEnded():
            return listening_ended(state, now)
        case ModelReady():
            return replace(state, model="ready"), ()
        case ModelMoved(description):
            return state, (Notify("model_moved", description),)
        case ModelFailed(message):
            return _model_failed(state, message)
        case PartFailed(message):
            stopped, actions = stop(state)
            return replace(stopped, quitting=True, error=state.error or message), actions
        case FallingBehind(backlog):
            told = state.behind or backlog == 0.0
            actions = () if told else (Notify("behind", f"{backlog:.1f}"),)
            return replace(state, behind=backlog > 0.0), actions
        case DeviceLost(reason):
            stopped, actions = stop(state)
            lost = replace(stopped, microphone_lost=True)
            told = state.microphone_lost and not state.listening
            return lost, actions if told else (*actions, Notify("microphone_lost", reason))
        case DeviceReady(name, moved):
            found = replace(state, microphone_lost=False)
            return found, (Notify("microphone_moved", name),) if moved else ()
        case Delivered():
            return delivered(state, event)
        case DeliveryFailed(utterance, reason):
            return delivery_failed(state, utterance, reason)
        case Undone():
            return state, (Notify("undone"),)
        case UndoRefused(reason):
            return state, (Notify("not_undone", reason),)
        case Copied(reason):
            return state, (Notify("not_copied", reason) if reason else Notify("copied"),)
        case _:
            assert_never(event)


def _model_failed(state: State, message: str) -> Step:
    """Without a model nothing more can be heard: deliver what is finished, then end."""
    stop = (CancelListening(),) if state.listening else ()
    hide = (HideCaption(),) if state.caption else ()
    kept = keep_what_was_shown(state, "recognition_failed")
    failed = replace(
        state, model="failed", runs=(), by_key=False, caption=False, quitting=True, error=message
    )
    return failed, (*stop, *hide, *kept, Notify("model_failed", message))
