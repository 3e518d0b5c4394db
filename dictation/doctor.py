"""What works on this machine, asked of every room."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from dictation.assets import AssetError
from dictation.checks import Check
from dictation.config import (
    ConfigError,
    Settings,
    hot_words_file,
    load_settings,
    user_settings_file,
)
from dictation.control.client import ask
from dictation.control.place import ControlError
from dictation.desktop.environment import Environment
from dictation.errors import DictationError
from dictation.loading import load_recognizer
from dictation.text.hot_words import HotWordsError, WordList, read_hot_words


def check_machine(config: Path | None, env: Environment) -> Iterator[Check]:
    """Yield one check after the other, the slow ones last; the main job needs none to have failed.

    The order is that of a first start: settings, desktop, sound, model.
    """
    settings = Settings()
    try:
        settings = load_settings(config)
    except ConfigError as error:
        yield Check("settings", "failed", str(error), "correct the file or remove it")
    else:
        path = config or user_settings_file()
        found = str(path) if path.exists() else f"defaults ({path} would override them)"
        yield Check("settings", "ok", found)
    pid = _running()
    yield Check("daemon", "ok", f"runs, pid {pid}" if pid else "does not run")
    yield from _desktop(settings, env, running=pid is not None)
    yield _microphone(settings)
    yield _torch()
    yield from _model(settings)


def _running() -> int | None:
    try:
        return ask("status", timeout=2.0).pid
    except ControlError:
        return None


def _desktop(settings: Settings, env: Environment, *, running: bool) -> Iterator[Check]:
    from dictation.daemon.building import bindings, output_settings
    from dictation.desktop.captions import check_captions
    from dictation.desktop.hotkey import check_hotkeys
    from dictation.desktop.output import check_output
    from dictation.desktop.tray import check_tray

    yield check_display(env)
    yield check_tray(env)
    yield check_captions(env)
    if running:
        yield Check("hotkey", "ok", f"{settings.hotkey.key}: the running daemon has it")
    else:
        yield check_hotkeys(bindings(settings), env, settings.hotkey.backend)
    try:
        yield check_output(env, output_settings(settings))
    except ConfigError as error:
        yield Check("output", "failed", str(error), "correct the settings file")


def check_display(env: Environment) -> Check:
    """Whether there is a desktop at all."""
    if env.platform != "linux":
        return Check("display", "ok", env.platform)
    if env.x11:
        return Check("display", "ok", f"X11, {env.display}")
    if env.wayland:
        also = f" with X11 programs on {env.display}" if env.display else ""
        return Check("display", "ok", f"Wayland, {env.wayland_display}{also}")
    missing = "neither DISPLAY nor WAYLAND_DISPLAY is set"
    return Check("display", "failed", missing, "start it in a desktop session")


def _microphone(settings: Settings) -> Check:
    from dictation.audio import devices
    from dictation.audio.errors import AudioDeviceError

    if not settings.audio.device:
        return devices.check()
    try:
        found = devices.find_microphone(settings.audio.device)
    except AudioDeviceError as error:
        return Check("microphone", "failed", str(error), "set audio.device in the settings")
    return Check("microphone", "ok", f"{found.name} ({found.host_api})")


def _torch() -> Check:
    try:
        import torch
    except (ImportError, OSError) as error:
        return Check("torch", "failed", str(error), "pip install torch torchaudio")
    device = f"cuda ({torch.cuda.get_device_name()})" if torch.cuda.is_available() else "cpu"
    return Check("torch", "ok", f"{torch.__version__} on {device}")


def _model(settings: Settings) -> Iterator[Check]:
    try:
        recognizer = load_recognizer(settings.model)
    except AssetError as error:
        yield Check("model", "failed", str(error), "set model.name in the settings")
    except DictationError as error:
        yield Check("model", "failed", str(error), "get the model folder again")
    except ImportError as error:
        yield Check("model", "failed", str(error), "install dictation again")
    else:
        yield Check("model", "ok", recognizer.description)
        yield check_words(hot_words_file(settings.recognition), recognizer.use_hot_words)


def check_words(path: Path, use: Callable[[WordList], Sequence[str]]) -> Check:
    """What is in the user's list of words; `use` takes it and returns what cannot be spelled."""
    if not path.exists():
        return Check("words", "ok", f"none ({path} would hold names to listen for)")
    try:
        words = read_hot_words(path)
    except HotWordsError as error:
        return Check("words", "failed", str(error), "correct the file or remove it")
    unspellable = use(words)
    found = f"{len(words.words)} words and {len(words.replacements)} replacements in {path}"
    if not unspellable:
        return Check("words", "ok", found)
    remedy = "write them with other letters: the model has no tokens for these"
    return Check("words", "warning", f"{found}, not listened for: {', '.join(unspellable)}", remedy)
