"""From settings and session to the daemon's parts."""

from collections.abc import Callable

from dictation.actions import Choices
from dictation.config import ConfigError, Settings
from dictation.desktop.captions import CaptionSettings
from dictation.desktop.environment import Environment
from dictation.desktop.focus import Window, focused_window
from dictation.desktop.hotkey import Hotkey, HotkeyUnavailable, open_hotkey
from dictation.desktop.keys import KeySpecError, parse_key
from dictation.desktop.output import OutputSettings
from dictation.errors import DictationError
from dictation.history import HistorySettings
from dictation.session import SessionSettings


class NoDesktopError(DictationError):
    """There is nothing to dictate into."""


def require_desktop(env: Environment) -> None:
    """Raise NoDesktopError without a display, saying what is missing."""
    if env.platform == "linux" and not (env.x11 or env.wayland):
        raise NoDesktopError(
            "there is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set): start it in a "
            "desktop session; `dictation transcribe` works without one"
        )


def session_settings(settings: Settings) -> SessionSettings:
    """How long captions stay, and how the key is tapped."""
    return SessionSettings(caption_seconds=settings.captions.linger_seconds)


def first_choices(settings: Settings) -> Choices:
    """What holds until the user chooses something else."""
    return Choices(
        language=settings.recognition.language,
        mode=settings.hotkey.mode,
        microphone=settings.audio.device,
    )


def output_settings(settings: Settings) -> OutputSettings:
    """How texts are delivered. Raises ConfigError for a chord that is none."""
    for wm_class, chord in settings.output.paste_keys.items():
        try:
            parse_key(chord)
        except KeySpecError as error:
            raise ConfigError(f"output.paste_keys.{wm_class}: {error}") from error
    return OutputSettings(route=settings.output.route, chords=settings.output.paste_keys)


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


def take_hotkey(
    settings: Settings,
    env: Environment,
    on_press: Callable[[], None],
    on_release: Callable[[], None],
) -> Hotkey | str:
    """The dictation key, or why this session has none.

    Raises HotkeyUnknown or HotkeyBusy: those the user can set right.
    """
    try:
        hotkey = open_hotkey(settings.hotkey.key, env)
        hotkey.start(on_press, on_release)
    except HotkeyUnavailable as error:
        return str(error)
    return hotkey


def focus_finder(env: Environment, settings: Settings) -> Callable[[], Window | None]:
    """A function that looks up the focused window; for the main thread only.

    None stands for "whichever has the focus when the text is ready": also where the settings want
    the text to follow the focus.
    """
    if not env.x11 or settings.output.on_focus_change == "paste":
        return lambda: None
    from dictation.desktop.x11 import open_display

    display = open_display(env.display)
    return lambda: focused_window(display)
