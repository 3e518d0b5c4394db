"""From settings and session to the daemon's parts."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from dictation.actions import Choices
from dictation.assets import model_folder
from dictation.config import (
    ApplicationSection,
    ConfigError,
    Settings,
    hot_words_file,
    load_settings,
)
from dictation.desktop.applications import ApplicationRule
from dictation.desktop.captions import CaptionSettings
from dictation.desktop.compositor import CompositorWatch
from dictation.desktop.environment import Environment
from dictation.desktop.hotkey import (
    Bindings,
    Hotkeys,
    HotkeyUnavailable,
    KeyEvent,
    choose_hotkeys,
    open_hotkeys,
)
from dictation.desktop.keys import KeySpec, KeySpecError, is_modifier, parse_key
from dictation.desktop.output import OutputSettings
from dictation.errors import DictationError
from dictation.events import (
    Command,
    Event,
    HotkeyPressed,
    HotkeyReleased,
    HotkeySpoiled,
    PartFailed,
    Paused,
    Resumed,
    SetLanguage,
)
from dictation.history import HistorySettings
from dictation.session import SessionSettings

if TYPE_CHECKING:
    from dictation.desktop.presence import Presence


class NoDesktopError(DictationError):
    """There is nothing to dictate into."""


def require_desktop(env: Environment) -> None:
    """Raise NoDesktopError without a display, saying what is missing."""
    if env.platform == "linux" and not (env.x11 or env.wayland):
        raise NoDesktopError(
            "there is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set): start it in a "
            "desktop session; `dictation transcribe` works without one"
        )


def check_settings(config: Path | None) -> None:
    """Raise DictationError for settings that a new start would not take, and do nothing else."""
    settings = load_settings(config)
    model_folder(settings.model.name)
    hot_words_file(settings.recognition)
    output_settings(settings)
    for chord in bindings(settings).values():
        parse_key(chord)


def session_settings(settings: Settings) -> SessionSettings:
    """How long captions stay, and how the key is tapped."""
    return SessionSettings(
        caption_seconds=settings.captions.linger_seconds,
        modifier_key=is_modifier(settings.hotkey.key),
    )


def first_choices(settings: Settings) -> Choices:
    """What holds until the user chooses something else."""
    return Choices(
        language=settings.recognition.language,
        mode=settings.hotkey.mode,
        microphone=settings.audio.device,
    )


def output_settings(settings: Settings) -> OutputSettings:
    """How texts are delivered. Raises ConfigError for a chord that is none."""
    section = settings.output
    return OutputSettings(
        route=section.route,
        preedit=section.preedit,
        trailing_space=section.trailing_space,
        on_focus_change=section.on_focus_change,
        terminal_newlines=section.terminal_newlines,
        passwords=section.passwords,
        applications=application_rules(settings),
        own_keys=_own_keys(settings),
    )


def _own_keys(settings: Settings) -> tuple[KeySpec, ...]:
    """The keys of ours that a window never sees; Escape is its own most of the time."""
    section = settings.hotkey
    return tuple(parse_key(key) for key in (section.key, section.undo, section.language) if key)


def application_rules(settings: Settings) -> tuple[ApplicationRule, ...]:
    """What differs in some programs. Raises ConfigError for a chord that is none."""
    return tuple(
        ApplicationRule(
            match=each.match,
            route=None if each.route == "auto" else each.route,
            paste_keys=_paste_keys(each),
            trailing_space=each.trailing_space,
            formatting=each.formatting,
        )
        for each in settings.application
    )


def _paste_keys(section: ApplicationSection) -> KeySpec | None:
    try:
        return parse_key(section.paste_keys) if section.paste_keys else None
    except KeySpecError as error:
        raise ConfigError(f"application.{section.match}.paste_keys: {error}") from error


def caption_settings(settings: Settings) -> CaptionSettings:
    """How captions look."""
    section = settings.captions
    return CaptionSettings(
        theme=section.theme,
        position=section.position,
        monitor=section.monitor,
        font_size=section.font_size,
        width=section.width,
        lines=section.lines,
    )


def history_settings(settings: Settings) -> HistorySettings:
    """What is written down, and for how long."""
    section = settings.history
    return HistorySettings(enabled=section.enabled, days=section.days, entries=section.entries)


def bindings(settings: Settings) -> Bindings:
    """The keys that are to be taken."""
    section = settings.hotkey
    chords: Bindings = {
        "dictate": section.key,
        "cancel": section.cancel,
        "undo": section.undo,
        "language": section.language,
    }
    return {binding: chord for binding, chord in chords.items() if chord}


def take_hotkeys(
    settings: Settings, env: Environment, emit: Callable[[Event], None]
) -> Hotkeys | str:
    """The keys, or why this session has none.

    Raises HotkeyUnknown or HotkeyBusy: those the user can set right.
    """

    grabbed = choose_hotkeys(env, settings.hotkey.backend).kind == "x11"

    def tell(key: KeyEvent) -> None:
        if grabbed and key.change == "down":
            # No key gets past a locked screen; some lockers never say that they are gone.
            emit(Resumed("locked"))
        event = _event_of_key(key)
        if event is not None:
            emit(event)

    try:
        hotkeys = open_hotkeys(bindings(settings), env, settings.hotkey.backend)
        hotkeys.start(tell)
    except HotkeyUnavailable as error:
        return str(error)
    return hotkeys


def watch_presence(env: Environment, emit: Callable[[Event], None]) -> Callable[[], None]:
    """Tell of locks, sleep and shutdown; the function that is returned ends that."""
    if env.platform != "linux":
        return lambda: None
    from dictation.desktop.presence import PresenceWatch

    watch = PresenceWatch(env, lambda change: emit(_event_of_presence(change)))
    watch.start()
    return watch.close


def watch_compositor(env: Environment, emit: Callable[[Event], None]) -> Callable[[], None]:
    """End the program with the compositor; the function that is returned ends the watch.

    The next compositor may have another name, which only a new process learns. Raises WaylandError
    where the compositor cannot be reached.
    """
    if not env.wayland or env.wayland_socket is None:
        return lambda: None
    return CompositorWatch(env.wayland_socket, lambda why: emit(PartFailed(why))).close


def _event_of_presence(change: "Presence") -> Event:
    """What a change on the desktop means to the session."""
    match change:
        case "locked":
            return Paused("locked")
        case "unlocked":
            return Resumed("locked")
        case "sleeps":
            return Paused("asleep")
        case "awake":
            return Resumed("asleep")
        case "shutdown":
            return Command("quit")
        case _:
            assert_never(change)


def _event_of_key(key: KeyEvent) -> Event | None:
    """What a key means to the session; only the dictation key's release means anything."""
    match key:
        case KeyEvent("dictate", "down"):
            return HotkeyPressed()
        case KeyEvent("dictate", "up"):
            return HotkeyReleased()
        case KeyEvent("dictate", "spoiled"):
            return HotkeySpoiled()
        case KeyEvent("cancel", "down"):
            return Command("cancel")
        case KeyEvent("undo", "down"):
            return Command("undo")
        case KeyEvent("language", "down"):
            return SetLanguage("next")
        case _:
            return None
