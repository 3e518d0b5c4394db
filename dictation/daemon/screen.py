"""What the user sees: the caption window and the tray icon, fed with the session's words."""

from dataclasses import replace

from dictation.actions import Choices, ShowCaption, Status
from dictation.desktop.captions import Captions, CaptionView
from dictation.desktop.environment import Environment
from dictation.desktop.tray import Tray, TrayView
from dictation.events import Language
from dictation.messages import InterfaceLanguage, LanguageSetting, interface_language


class DesktopScreen:
    """Shows captions, notices in their place, and the status in the tray; for the main thread."""

    def __init__(
        self, captions: Captions, tray: Tray, setting: LanguageSetting, env: Environment
    ) -> None:
        self._captions = captions
        self._tray = tray
        self._env = env
        language = interface_language(setting, env.locale)
        self.tray_view = TrayView("loading", setting=setting, interface_language=language)

    @property
    def language(self) -> InterfaceLanguage:
        """The language of the interface."""
        return self.tray_view.interface_language

    def show(self, caption: ShowCaption) -> None:
        """Show a caption."""
        self._captions.show(
            CaptionView(
                caption.text, caption.unstable, caption.language, caption.stage, self.language
            )
        )

    def meter(self, level: float, seconds: float) -> None:
        """Show how loud it is (dBFS) and how long it has been listened (seconds)."""
        self._captions.meter(level, seconds)

    def warn(self, message: str) -> None:
        """Show a notice in the caption's place and in the tray's tooltip."""
        self._captions.show(CaptionView(message, stage="error", interface_language=self.language))
        self._update(replace(self.tray_view, detail=message))

    def hide(self) -> None:
        """Take the caption or notice away."""
        self._captions.hide()

    def status(self, status: Status, language: Language | None) -> None:
        """Show the status in the tray."""
        detail = self.tray_view.detail if status == "error" else None
        self._update(replace(self.tray_view, status=status, language=language, detail=detail))

    def choices(self, choices: Choices, microphones: tuple[str, ...]) -> None:
        """Show what is chosen in the tray's menu."""
        self._update(
            replace(
                self.tray_view,
                recognition=choices.language,
                mode=choices.mode,
                microphone=choices.microphone,
                microphones=microphones,
                muted=choices.muted,
            )
        )

    def models(self, chosen: str, names: tuple[str, ...]) -> None:
        """Show the models that there are in the tray's menu."""
        self._update(replace(self.tray_view, model=chosen, models=names))

    def history(self, texts: tuple[str, ...]) -> None:
        """Show the last texts in the tray's menu, the newest first."""
        self._update(replace(self.tray_view, history=texts))

    def speak(self, language: LanguageSetting) -> InterfaceLanguage:
        """Change the language of the interface."""
        chosen = interface_language(language, self._env.locale)
        self._update(replace(self.tray_view, setting=language, interface_language=chosen))
        return chosen

    def _update(self, view: TrayView) -> None:
        self.tray_view = view
        self._tray.update(view)
