"""The tray's menu as a value, the same for every kind of tray."""

from dataclasses import dataclass
from typing import Literal

from dictation.desktop.tray.base import ChooseLanguage, Quit, Toggle, TrayAction, TrayView
from dictation.messages import LanguageSetting


@dataclass(frozen=True, slots=True)
class MenuItem:
    """An entry; the `id` stays the same for the same entry as long as the program runs."""

    id: int
    label: str = ""
    kind: Literal["item", "radio", "separator", "submenu"] = "item"
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
    languages: tuple[tuple[LanguageSetting, str], ...] = (
        ("auto", translate("Automatic")),
        ("zh", "中文"),
        ("en", "English"),
    )
    choices = tuple(
        MenuItem(
            id=number,
            label=label,
            kind="radio",
            checked=view.setting == setting,
            action=ChooseLanguage(setting),
        )
        for number, (setting, label) in enumerate(languages, start=10)
    )
    return MenuItem(
        id=0,
        kind="submenu",
        children=(
            MenuItem(id=1, label=view.summary, enabled=False),
            MenuItem(id=2, kind="separator"),
            MenuItem(
                id=3,
                label=translate("Stop dictation") if view.active else translate("Start dictation"),
                action=Toggle(),
            ),
            MenuItem(id=4, label=translate("Language display"), kind="submenu", children=choices),
            MenuItem(id=5, kind="separator"),
            MenuItem(id=6, label=translate("Quit"), action=Quit()),
        ),
    )
