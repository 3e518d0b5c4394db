"""What the tray icon is to the rest of the program."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from dictation.desktop.strings import InterfaceLanguage, LanguageSetting, Strings, strings_for
from dictation.events import Language

Status = Literal["loading", "idle", "listening", "speaking", "finishing", "error"]


@dataclass(frozen=True, slots=True)
class TrayView:
    """What the tray shows.

    `language`: of the last speech; `setting`: the entry of the language menu that is chosen;
    `detail`: a sentence for the tooltip, such as the reason of an error.
    """

    status: Status
    language: Language | None = None
    setting: LanguageSetting = "auto"
    interface_language: InterfaceLanguage = "en"
    detail: str | None = None

    @property
    def active(self) -> bool:
        """Whether dictation is under way."""
        return self.status in ("listening", "speaking")

    @property
    def strings(self) -> Strings:
        """The texts of the interface's language."""
        return strings_for(self.interface_language)

    @property
    def summary(self) -> str:
        """The status in words, with the language of the last speech."""
        words: dict[Status, str] = {
            "loading": self.strings.loading,
            "idle": self.strings.idle,
            "listening": self.strings.listening,
            "speaking": self.strings.speaking,
            "finishing": self.strings.finishing,
            "error": self.strings.error,
        }
        if self.language is None:
            return words[self.status]
        return f"{words[self.status]} · {self.strings.language_names[self.language]}"


@dataclass(frozen=True, slots=True)
class Toggle:
    """Start dictation, or stop it."""


@dataclass(frozen=True, slots=True)
class ChooseLanguage:
    """Show this language: the interface's, and the label of speech."""

    setting: LanguageSetting


@dataclass(frozen=True, slots=True)
class Quit:
    """End the program."""


TrayAction = Toggle | ChooseLanguage | Quit


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
