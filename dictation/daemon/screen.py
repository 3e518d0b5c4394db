"""What the user sees: the caption window and the tray icon, fed with the session's words."""

from dataclasses import replace
from typing import Protocol

from dictation.actions import ShowCaption, Status
from dictation.desktop.captions import CaptionView
from dictation.desktop.environment import Environment
from dictation.desktop.strings import InterfaceLanguage, LanguageSetting, interface_language
from dictation.desktop.tray import Tray, TrayView
from dictation.events import Language


class Captions(Protocol):
    """The caption window, as far as its content goes; called from the main thread only."""

    def show(self, view: CaptionView) -> None: ...  # noqa: D102
    def hide(self) -> None: ...  # noqa: D102


class DesktopScreen:
    """Shows captions (None: there is no window for them), notices and the status."""

    def __init__(
        self, captions: Captions | None, tray: Tray, setting: LanguageSetting, env: Environment
    ) -> None:
        self._captions = captions
        self._tray = tray
        self._env = env
        language = interface_language(setting, env)
        self.tray_view = TrayView("loading", setting=setting, interface_language=language)

    @property
    def language(self) -> InterfaceLanguage:
        """The language of the interface."""
        return self.tray_view.interface_language

    def show(self, caption: ShowCaption) -> None:
        """Show a caption."""
        if self._captions is not None:
            self._captions.show(CaptionView(caption.text, caption.language, caption.stage))

    def warn(self, message: str) -> None:
        """Show a notice in the caption's place and in the tray's tooltip."""
        if self._captions is not None:
            self._captions.show(CaptionView(message, None, "error"))
        self._update(replace(self.tray_view, detail=message))

    def hide(self) -> None:
        """Take the caption or notice away."""
        if self._captions is not None:
            self._captions.hide()

    def status(self, status: Status, language: Language | None) -> None:
        """Show the status in the tray."""
        detail = self.tray_view.detail if status == "error" else None
        self._update(replace(self.tray_view, status=status, language=language, detail=detail))

    def speak(self, language: LanguageSetting) -> InterfaceLanguage:
        """Change the language of the interface."""
        chosen = interface_language(language, self._env)
        self._update(replace(self.tray_view, setting=language, interface_language=chosen))
        return chosen

    def _update(self, view: TrayView) -> None:
        self.tray_view = view
        self._tray.update(view)
