"""`dictation settings`: opens the window on the user's file, and offers what this machine has."""

from pathlib import Path

from dictation.assets import installed_models
from dictation.audio.devices import list_microphones
from dictation.config import Settings, load_settings, user_settings_file
from dictation.control.client import NotRunning, ask
from dictation.desktop.environment import read_environment
from dictation.errors import DictationError
from dictation.messages import interface_language, translator
from dictation.preferences.window import SettingsWindow


def run_settings(config: Path | None, page: str) -> None:
    """Show the window, opened at a page, until it is closed.

    Raises DictationError: no display, a broken file, no such page.
    """
    path = config or user_settings_file()
    settings = load_settings(config if config is not None and config.exists() else None)
    env = read_environment()

    def saved(changed: Settings) -> str:
        translate = translator(interface_language(changed.interface.language, env.locale))
        try:
            ask("restart", timeout=2.0)
        except NotRunning:
            return translate("Saved")
        except DictationError as error:
            return str(error)
        return translate("Saved; Dictation starts again with it")

    suggest = {
        "audio.device": lambda: ["", *_microphones()],
        "model.name": installed_models,
        "captions.monitor": lambda: ["focus", "pointer", "primary"],
    }
    window = SettingsWindow(env, path, settings, suggest, saved)
    window.open(page)
    window.run()


def _microphones() -> list[str]:
    try:
        return [each.name for each in list_microphones()]
    except DictationError:
        return []
