"""What the tray's menu and the control socket ask for, in the session's terms. Pure."""

from dictation.control.protocol import Request
from dictation.desktop.tray import ChooseDisplay, ChooseModel, OpenSettings, Restart, TrayAction
from dictation.events import Command, SetLanguage, SetMicrophone, SetMode, SetMuted


def wish_of(request: Request) -> TrayAction | None:
    """What a request of the control socket asks for; None where it only wants to know."""
    match request:
        case Request(
            "start" | "stop" | "toggle" | "cancel" | "undo" | "copy_last" | "quit" as name
        ):
            return Command(name)
        case Request("language", "auto" | "zh" | "en" | "next" as language):
            return SetLanguage(language)
        case Request("mode", "hold" | "toggle" | "double-tap" | "hands-free" as mode):
            return SetMode(mode)
        case Request("microphone", str(name)):
            return SetMicrophone(name)
        case Request("mute", "on" | "off" | "toggle" as change):
            return SetMuted(change)
        case Request("display", "auto" | "zh" | "en" as setting):
            return ChooseDisplay(setting)
        case Request("model", str(name)):
            return ChooseModel(name)
        case Request("restart"):
            return Restart()
        case Request("settings"):
            return OpenSettings()
        case _:
            return None


def settings_of(action: TrayAction) -> dict[str, object]:
    """The settings that a choice in the menu changes for good; a model's are changed at once."""
    match action:
        case SetLanguage(language) if language != "next":
            return {"recognition.language": language}
        case SetMode(mode):
            return {"hotkey.mode": mode}
        case SetMicrophone(name):
            return {"audio.device": name}
        case ChooseDisplay(setting):
            return {"interface.language": setting}
        case _:
            return {}
