"""What the daemon commands: the other parts, by what it asks of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from dictation.actions import Choices, Deliver, ShowCaption, Status
from dictation.daemon.writer import Writer
from dictation.desktop.focus import Window
from dictation.desktop.sounds import Sounds
from dictation.events import Final, Language, LanguageChoice
from dictation.history import EntryState
from dictation.messages import InterfaceLanguage, LanguageSetting


class Hearing(Protocol):
    """The worker; `stuck`: whether its model hangs."""

    @property
    def stuck(self) -> bool: ...  # noqa: D102
    def listen(self) -> None: ...  # noqa: D102
    def finish(self) -> None: ...  # noqa: D102
    def cancel(self) -> None: ...  # noqa: D102
    def use_language(self, choice: LanguageChoice) -> None: ...  # noqa: D102


class Sound(Protocol):
    """The microphone's keeper."""

    def want(self) -> None: ...  # noqa: D102
    def release(self) -> None: ...  # noqa: D102
    def use(self, name: str) -> None: ...  # noqa: D102
    def forbid(self) -> None: ...  # noqa: D102
    def allow(self) -> None: ...  # noqa: D102


class Keys(Protocol):
    """The global keys."""

    def watch_cancel(self, watch: bool) -> None: ...  # noqa: D102


class Post(Protocol):
    """The delivery desk."""

    def deliver(self, order: Deliver, target: Window | None) -> None: ...  # noqa: D102
    def show_partial(self, text: str, target: Window | None) -> None: ...  # noqa: D102
    def undo_last(self) -> None: ...  # noqa: D102
    def copy(self, text: str) -> None: ...  # noqa: D102


class Memory(Protocol):
    """The archive of texts; `behind`: whether one waits to be written."""

    @property
    def behind(self) -> bool: ...  # noqa: D102
    def write(self, final: Final, application: str | None) -> None: ...  # noqa: D102
    def keep(self, utterance: int, text: str) -> bool: ...  # noqa: D102
    def recent(self) -> tuple[str, ...]: ...  # noqa: D102
    def mark(  # noqa: D102
        self, utterance: int, state: EntryState, *, delivery: float | None = None
    ) -> None: ...
    def mark_last(self, state: EntryState) -> None: ...  # noqa: D102
    def catch_up(self) -> None: ...  # noqa: D102


class Screen(Protocol):
    """What the user sees: captions, notices and the tray's icon."""

    def show(self, caption: ShowCaption) -> None: ...  # noqa: D102
    def warn(self, message: str) -> None: ...  # noqa: D102
    def meter(self, level: float, seconds: float) -> None: ...  # noqa: D102
    def hide(self) -> None: ...  # noqa: D102
    def status(self, status: Status, language: Language | None) -> None: ...  # noqa: D102
    def history(self, texts: tuple[str, ...]) -> None: ...  # noqa: D102
    def choices(self, choices: Choices, microphones: tuple[str, ...]) -> None: ...  # noqa: D102
    def speak(self, language: LanguageSetting) -> InterfaceLanguage: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the daemon commands.

    `focus` looks up the focused window; `level` is how loud the microphone is (dBFS); `save` writes
    settings ("section.name" to value) into the user's file; `check` raises DictationError where a
    new start would not take that file; `open_settings` opens their window at a page.
    """

    worker: Hearing
    microphone: Sound
    delivery: Post
    screen: Screen
    keys: Keys
    focus: Callable[[], Window | None]
    level: Callable[[], float]
    records: Memory
    writer: Writer
    open_settings: Callable[[str], None]
    sounds: Sounds
    post_roll_seconds: float
    save: Callable[[Mapping[str, object]], object]
    check: Callable[[], None]
