"""What the user chooses, and what presses of the key mean in each mode."""

from dataclasses import replace
from typing import Literal, get_args

from dictation.actions import (
    UseLanguage,
    UseMicrophone,
)
from dictation.events import (
    LanguageChoice,
    SetLanguage,
    SetMicrophone,
    SetMode,
    SetMuted,
)
from dictation.session.listening import start, stop, switch
from dictation.session.state import State, Step


def key_pressed(state: State, now: float) -> Step:
    """The dictation key went down."""
    if state.choices.mode == "hold":
        started, actions = start(state, now)
        return replace(started, by_key=started.listening), actions
    if state.settings.modifier_key:
        return replace(state, key_down=True), ()
    return _tap(state, now)


def key_released(state: State, now: float) -> Step:
    """The dictation key came up."""
    if state.key_down:
        return _tap(replace(state, key_down=False), now)
    return stop(state) if state.by_key else (state, ())


def _tap(state: State, now: float) -> Step:
    if state.choices.mode != "double-tap" or state.listening:
        return switch(state, now)
    first = state.tapped_at
    if first is None or now - first > state.settings.double_tap_seconds:
        return replace(state, tapped_at=now), ()
    return start(replace(state, tapped_at=None), now)


def choose(state: State, event: SetLanguage | SetMode | SetMicrophone | SetMuted) -> Step:
    """The user chooses something."""
    choices = state.choices
    match event:
        case SetLanguage(language):
            chosen = _next_language(choices.language) if language == "next" else language
            return replace(state, choices=replace(choices, language=chosen)), (UseLanguage(chosen),)
        case SetMicrophone(name):
            return replace(state, choices=replace(choices, microphone=name)), (UseMicrophone(name),)
        case SetMode(mode) if mode != choices.mode:
            stopped, actions = stop(state)
            changed = replace(stopped, choices=replace(choices, mode=mode), going_on=True)
            return replace(changed, key_down=False, tapped_at=None), actions
        case SetMuted(change) if choices.muted != _wanted(change, choices.muted):
            stopped, actions = (state, ()) if choices.muted else stop(state)
            return replace(stopped, choices=replace(choices, muted=not choices.muted)), actions
        case _:
            return state, ()


def _next_language(language: LanguageChoice) -> LanguageChoice:
    languages: tuple[LanguageChoice, ...] = get_args(LanguageChoice)
    return languages[(languages.index(language) + 1) % len(languages)]


def _wanted(change: Literal["on", "off", "toggle"], now: bool) -> bool:
    return not now if change == "toggle" else change == "on"
