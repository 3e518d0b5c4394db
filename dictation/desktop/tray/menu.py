"""The tray's menu as a value, the same for every kind of tray."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dictation.desktop.tray.base import (
    ChooseDisplay,
    ChooseModel,
    CopyText,
    OpenSettings,
    TrayAction,
    TrayView,
)
from dictation.events import (
    Command,
    LanguageChoice,
    Mode,
    SetLanguage,
    SetMicrophone,
    SetMode,
    SetMuted,
)
from dictation.messages import LanguageSetting, message

HISTORY_ENTRIES = 10
_LONGEST_LABEL = 44

_MODES: tuple[tuple[Mode, str], ...] = (
    ("hold", message("Hold to talk")),
    ("toggle", message("Press to start, press to stop")),
    ("double-tap", message("Tap twice to start")),
    ("hands-free", message("Hands-free: by voice")),
)


@dataclass(frozen=True, slots=True)
class MenuItem:
    """An entry; the `id` stays the same for the same entry as long as the program runs."""

    id: int
    label: str = ""
    kind: Literal["item", "radio", "check", "separator", "submenu"] = "item"
    checked: bool = False
    enabled: bool = True
    action: TrayAction | None = None
    children: tuple["MenuItem", ...] = ()

    def find(self, wanted: int) -> "MenuItem | None":
        """The entry with an id in this one or below it."""
        if self.id == wanted:
            return self
        found = (child.find(wanted) for child in self.children)
        return next((item for item in found if item is not None), None)


def build_menu(view: TrayView) -> MenuItem:
    """The root of the menu for a view; its id is 0."""
    translate = view.translate
    start = translate("Stop dictation") if view.active else translate("Start dictation")
    return MenuItem(
        id=0,
        kind="submenu",
        children=(
            MenuItem(1, view.summary, enabled=False),
            MenuItem(2, kind="separator"),
            MenuItem(3, start, action=Command("toggle")),
            MenuItem(
                4,
                translate("Mute the microphone"),
                "check",
                checked=view.muted,
                action=SetMuted("off" if view.muted else "on"),
            ),
            MenuItem(5, kind="separator"),
            _submenu(6, translate("Spoken language"), _languages(view)),
            _submenu(7, translate("Microphone"), _microphones(view)),
            _submenu(8, translate("How the key works"), _modes(view)),
            _submenu(9, translate("Model"), _models(view)),
            MenuItem(10, kind="separator"),
            MenuItem(
                11,
                translate("Copy the last text"),
                enabled=bool(view.history),
                action=Command("copy_last"),
            ),
            MenuItem(
                12,
                translate("Take the last text back"),
                enabled=bool(view.history),
                action=Command("undo"),
            ),
            _submenu(13, translate("Copy an earlier text"), _history(view)),
            MenuItem(14, kind="separator"),
            _submenu(15, translate("Language of the menus"), _displays(view)),
            MenuItem(16, translate("Settings…"), action=OpenSettings()),
            MenuItem(17, translate("About Dictation"), action=OpenSettings("about")),
            MenuItem(18, translate("Quit"), action=Command("quit")),
        ),
    )


def shortened(text: str) -> str:
    """A text as one short line."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_LABEL else line[: _LONGEST_LABEL - 1].rstrip() + "…"


def _submenu(number: int, label: str, children: Sequence[MenuItem]) -> MenuItem:
    return MenuItem(number, label, "submenu", children=tuple(children))


def _radio(number: int, label: str, checked: bool, action: TrayAction) -> MenuItem:
    return MenuItem(number, label, "radio", checked=checked, action=action)


def _languages(view: TrayView) -> list[MenuItem]:
    choices: tuple[tuple[LanguageChoice, str], ...] = (
        ("auto", view.translate("Automatic")),
        ("zh", "中文"),
        ("en", "English"),
    )
    return [
        _radio(number, label, view.recognition == choice, SetLanguage(choice))
        for number, (choice, label) in enumerate(choices, start=100)
    ]


def _microphones(view: TrayView) -> list[MenuItem]:
    # One that is chosen and gone stays in sight.
    gone = view.microphone and view.microphone not in view.microphones
    names = ["", *view.microphones, *((view.microphone,) if gone else ())]
    return [
        _radio(
            number,
            shortened(name) or view.translate("The system's default"),
            view.microphone == name,
            SetMicrophone(name),
        )
        for number, name in enumerate(names, start=200)
    ]


def _modes(view: TrayView) -> list[MenuItem]:
    return [
        _radio(number, view.translate(label), view.mode == mode, SetMode(mode))
        for number, (mode, label) in enumerate(_MODES, start=300)
    ]


def _models(view: TrayView) -> list[MenuItem]:
    gone = view.model and view.model not in view.models
    names = [*view.models, *((view.model,) if gone else ())]
    return [
        _radio(number, name, view.model == name, ChooseModel(name))
        for number, name in enumerate(names, start=400)
    ]


def _history(view: TrayView) -> list[MenuItem]:
    if not view.history:
        return [MenuItem(500, view.translate("Nothing yet"), enabled=False)]
    return [
        MenuItem(number, shortened(text), action=CopyText(text))
        for number, text in enumerate(view.history[:HISTORY_ENTRIES], start=500)
    ]


def _displays(view: TrayView) -> list[MenuItem]:
    choices: tuple[tuple[LanguageSetting, str], ...] = (
        ("auto", view.translate("Automatic")),
        ("en", "English"),
        ("zh", "简体中文"),
    )
    return [
        _radio(number, label, view.setting == choice, ChooseDisplay(choice))
        for number, (choice, label) in enumerate(choices, start=600)
    ]
