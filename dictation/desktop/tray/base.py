"""What the tray icon is to the rest of the program."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from dictation.events import (
    Command,
    Language,
    LanguageChoice,
    Mode,
    SetLanguage,
    SetMicrophone,
    SetMode,
    SetMuted,
)
from dictation.messages import (
    LANGUAGE_NAMES,
    InterfaceLanguage,
    LanguageSetting,
    Translate,
    message,
    translator,
)

Status = Literal["loading", "idle", "listening", "speaking", "finishing", "muted", "error"]

_STATUSES: dict[Status, str] = {
    "loading": message("Loading the model"),
    "idle": message("Ready"),
    "listening": message("Listening"),
    "speaking": message("Hearing you"),
    "finishing": message("Finishing"),
    "muted": message("Muted"),
    "error": message("Something is wrong"),
}


@dataclass(frozen=True, slots=True)
class TrayView:
    """What the tray shows.

    `language`: of the last speech; `setting`: the interface's language that is chosen; `detail`: a
    sentence for the tooltip, such as the reason of an error. `recognition`, `mode`, `microphone` (a
    name, empty for the default), `model` and `muted` are what is chosen; `microphones` and `models`
    can be chosen now. `history` holds the last texts, the newest first.
    """

    status: Status
    language: Language | None = None
    setting: LanguageSetting = "auto"
    interface_language: InterfaceLanguage = "en"
    detail: str | None = None
    recognition: LanguageChoice = "auto"
    mode: Mode = "hold"
    microphone: str = ""
    microphones: tuple[str, ...] = ()
    muted: bool = False
    model: str = ""
    models: tuple[str, ...] = ()
    history: tuple[str, ...] = ()

    @property
    def active(self) -> bool:
        """Whether dictation is under way."""
        return self.status in ("listening", "speaking")

    @property
    def translate(self) -> Translate:
        """From English to the interface's language."""
        return translator(self.interface_language)

    @property
    def summary(self) -> str:
        """The status in words, with the language of the last speech."""
        status = self.translate(_STATUSES[self.status])
        if self.language is None:
            return status
        return f"{status} · {self.translate(LANGUAGE_NAMES[self.language])}"


@dataclass(frozen=True, slots=True)
class ChooseDisplay:
    """Show the interface in this language."""

    setting: LanguageSetting


@dataclass(frozen=True, slots=True)
class ChooseModel:
    """Recognise with this model."""

    name: str


@dataclass(frozen=True, slots=True)
class CopyText:
    """Put a text into the clipboard."""

    text: str


@dataclass(frozen=True, slots=True)
class OpenSettings:
    """Open the settings window at a page: the first one, or the one about the program."""

    page: Literal["trial", "about"] = "trial"


@dataclass(frozen=True, slots=True)
class Restart:
    """End, and start again with the settings as they are then."""


TrayAction = (
    Command
    | SetLanguage
    | SetMode
    | SetMicrophone
    | SetMuted
    | ChooseDisplay
    | ChooseModel
    | CopyText
    | OpenSettings
    | Restart
)
"""What an entry of the menu asks for."""


class Tray(Protocol):
    """An icon in the panel; its callback comes from a thread of its own."""

    def start(self, view: TrayView, on_action: Callable[[TrayAction], None]) -> None:
        """Show the icon, now or as soon as there is a panel."""
        ...

    def update(self, view: TrayView) -> None:
        """Show another state; may be called from any thread."""
        ...

    def close(self) -> None:
        """Take the icon away."""
        ...
