"""Carries out what the session decides: the daemon without its devices."""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import assert_never

from dictation.actions import (
    Action,
    CancelListening,
    Choices,
    CloseMicrophone,
    CopyLast,
    Deliver,
    HideCaption,
    Keep,
    Notify,
    OpenMicrophone,
    PinTarget,
    Quit,
    SetStatus,
    ShowCaption,
    ShowChoices,
    ShowPreedit,
    StartListening,
    StopListening,
    UndoLast,
    UseLanguage,
    UseMicrophone,
)
from dictation.assets import model_folder
from dictation.control.protocol import DaemonStatus, Reply, Request
from dictation.daemon.notices import sentence
from dictation.daemon.replies import Replies
from dictation.daemon.report import Report
from dictation.daemon.rooms import Rooms
from dictation.daemon.wishes import settings_of, wish_of
from dictation.desktop.focus import Window
from dictation.desktop.output import CLIPBOARD_ROUTE
from dictation.desktop.tray import (
    ChooseDisplay,
    ChooseModel,
    CopyText,
    OpenSettings,
    Restart,
    TrayAction,
)
from dictation.errors import DictationError
from dictation.events import (
    Command,
    Copied,
    Delivered,
    DeliveryFailed,
    DeviceReady,
    Event,
    Final,
    ListeningEnded,
    ModelFailed,
    ModelReady,
    Partial,
    Undone,
    UndoRefused,
)
from dictation.messages import InterfaceLanguage, LanguageSetting
from dictation.session import SessionSettings, State, step

_NOTICE_SECONDS = 5.0
_QUIT_SECONDS = 15.0
_METER_SECONDS = 0.08
_REWRITE_SECONDS = 2.0
_STUCK = "the model hangs; dictation has to be started again"

_FAILURES = ("microphone_lost", "model_failed", "recognition_failed", "kept", "kept_in_memory")
_REFUSALS = ("muted", "away", "ending", "not_copied", "not_undone")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of the control socket that waits for its reply."""

    request: Request
    reply: "Future[Reply]"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A choice in the tray's menu, which is remembered in the settings."""

    action: TrayAction


Message = Event | Asked | Chosen


class Daemon:
    """Takes messages in the main thread, steps the session, and passes its actions on."""

    def __init__(
        self,
        rooms: Rooms,
        settings: SessionSettings,
        choices: Choices,
        language: InterfaceLanguage,
        display: LanguageSetting,
        hotkey: str | None,
        clock: Callable[[], float],
    ) -> None:
        self._rooms = rooms
        self._state = State(settings=settings, choices=choices)
        self._language = language
        self._clock = clock
        self._targets: dict[int, Window | None] = {}
        self._hide_at: float | None = None
        self._notice_until = 0.0
        self._metered_at = 0.0
        self._quit_by: float | None = None
        self._rewrite_at: float | None = None
        self._report = Report(hotkey, display)
        self._replies = Replies(self.status)
        self._in_history = True
        self.restarting = False

    @property
    def ended(self) -> bool:
        """Whether the main loop is to end; `restarting` says what for."""
        return self._state.ended

    @property
    def error(self) -> str | None:
        """What the program ended of, None when somebody asked it to."""
        return self._state.error

    @property
    def showing(self) -> bool:
        """Whether a caption or a notice is on the screen."""
        return self._state.caption or self._hide_at is not None

    def take(self, message: Message) -> None:
        """Carry out all that follows from a message."""
        match message:
            case Asked(request, reply):
                self._replies.take(reply)
                self._follow(request)
                self._replies.give()
            case Chosen(action):
                try:
                    self._choose(action)
                    self._save(settings_of(action))
                except DictationError as error:
                    self._say(str(error))
            case Partial():
                self._hear(self._rooms.writer.caption(message, self._target_now()))
            case Final():
                self._hear(self._rooms.writer.write(message, self._target_now()))
            case Undone() | UndoRefused() | Copied():
                self._replies.take_back()
                self._hear(message)
                self._replies.give()
            case _:
                self._hear(message)

    def _hear(self, event: Event) -> None:
        self._report.note(event)
        self._note(event)
        self._step(event)

    def _target_now(self) -> Window | None:
        """Where the oldest utterance that is not delivered yet goes."""
        runs = self._state.runs
        return self._targets.get(runs[0].pin) if runs else None

    def tick(self) -> float | None:
        """Do what is due by the clock: hide a caption, end a quit that takes too long, or a hang,
        write what the history did not take.

        Returns the seconds until the next such thing, None when there is none.
        """
        now = self._clock()
        self._meter(now)
        if self._hide_at is not None and self._hide_at <= now:
            self._hide_at = None
            self._rooms.screen.hide()
        working = self._state.model == "ready" and not self._state.quitting
        if working and self._rooms.worker.stuck:
            self._hear(ModelFailed(_STUCK))
        if self._state.quitting and self._quit_by is None:
            self._quit_by = now + _QUIT_SECONDS
        if self._quit_by is not None and self._quit_by <= now and not self.ended:
            self._step(Command("quit"))
        self._rewrite(now)
        due = [at for at in (self._hide_at, self._quit_by, self._rewrite_at) if at is not None]
        return max(0.0, min(due) - now) if due else None

    def _rewrite(self, now: float) -> None:
        if self._rewrite_at is not None and self._rewrite_at <= now:
            self._rewrite_at = None
            self._rooms.records.catch_up()
        if self._rewrite_at is None and self._rooms.records.behind:
            self._rewrite_at = now + _REWRITE_SECONDS

    def _meter(self, now: float) -> None:
        state = self._state
        if state.listening and now - self._metered_at >= _METER_SECONDS:
            self._metered_at = now
            self._rooms.screen.meter(self._rooms.level(), now - state.runs[-1].since)

    def status(self) -> DaemonStatus:
        """How the daemon does, for the control socket."""
        return self._report.status(self._state)

    def _note(self, event: Event) -> None:
        """Pass on what is no decision of the session: what became of a text, what is ready."""
        match event:
            case ModelReady(description, seconds):
                _log.info("model ready in %.1f s: %s", seconds, description)
                self._rooms.writer.warm_up()
            case DeviceReady(name):
                _log.info("microphone: %s", name)
            case Delivered(utterance=utterance, route=route, seconds=seconds):
                self._rooms.records.mark(utterance, "delivered", delivery=seconds)
                if route == CLIPBOARD_ROUTE:
                    self._rooms.writer.forget(utterance)
            case DeliveryFailed(utterance=utterance):
                self._rooms.writer.forget(utterance)
            case Undone():
                self._rooms.writer.forget_last()
                self._rooms.records.mark_last("cancelled")
            case _:
                pass

    def _step(self, event: Event) -> None:
        cancellable = self._state.cancellable
        self._state, actions = step(self._state, event, self._clock())
        if isinstance(event, Final):
            self._record(event)
        for action in actions:
            self._do(action)
        if self._state.cancellable != cancellable:
            self._rooms.keys.watch_cancel(self._state.cancellable)
        # Not with StopListening: the worker still wants the post-roll.
        if isinstance(event, ListeningEnded) and not self._state.listening:
            self._rooms.microphone.release()

    def _record(self, final: Final) -> None:
        """Write a text down before anything is tried with it, unless it was taken back."""
        for order in self._orders():
            if order.utterance == final.utterance:
                target = self._target(order)
                application = None if target is None else target.wm_class
                self._rooms.records.write(final, application)
                self._rooms.screen.history(self._rooms.records.recent())
                return
        self._rooms.writer.forget(final.utterance)

    def _do(self, action: Action) -> None:
        rooms = self._rooms
        match action:
            case StartListening():
                rooms.sounds.play("start")
                rooms.microphone.want()
                rooms.worker.listen()
            case StopListening():
                rooms.worker.finish()
                # What is said until then is still heard.
                rooms.sounds.play("stop", rooms.post_roll_seconds)
            case CancelListening():
                rooms.worker.cancel()
            case UseLanguage(language):
                rooms.worker.use_language(language)
            case UseMicrophone(name):
                rooms.microphone.use(name)
            case CloseMicrophone():
                rooms.microphone.forbid()
            case OpenMicrophone():
                rooms.microphone.allow()
            case ShowChoices(choices, microphones):
                rooms.screen.choices(choices, microphones)
            case PinTarget(pin):
                self._targets = {pin: rooms.focus(), **self._pins_in_use()}
            case ShowCaption():
                self._hide_at = None
                rooms.screen.show(action)
            case HideCaption(after):
                # A notice is read to its end, whatever it interrupted.
                self._hide_at = max(self._clock() + after, self._notice_until)
            case SetStatus(status, language):
                rooms.screen.status(status, language)
            case Deliver():
                rooms.delivery.deliver(action, self._target(action))
            case ShowPreedit(text, pin):
                rooms.delivery.show_partial(text, self._targets.get(pin))
            case UndoLast():
                rooms.delivery.undo_last()
                self._replies.hand_over()
            case CopyLast():
                self._copy_last()
            case Keep():
                self._keep(action)
            case Notify():
                self._tell(action)
            case Quit():
                _log.info("ending")
            case _:
                assert_never(action)

    def _follow(self, request: Request) -> None:
        try:
            if (wish := wish_of(request)) is not None:
                self._choose(wish)
        except DictationError as error:
            self._replies.refuse(str(error))

    def _choose(self, action: TrayAction) -> None:
        """Carry out a wish. Raises DictationError where that cannot be."""
        match action:
            case ChooseDisplay(setting):
                self._report.display = setting
                self._language = self._rooms.screen.speak(setting)
            case ChooseModel(name):
                # A model is loaded at the start of a process.
                model_folder(name)
                self._save({"model.name": name})
                self._choose(Restart())
            case Restart():
                # A file that is broken would end the daemon for good.
                self._rooms.check()
                self.restarting = True
                self._step(Command("quit"))
            case CopyText(text):
                self._copy(text)
            case OpenSettings(page):
                self._rooms.open_settings(page)
            case _:
                self._step(action)

    def _save(self, changes: dict[str, object]) -> None:
        if changes:
            self._rooms.save(changes)

    def _copy_last(self) -> None:
        if self._report.text is None:
            self._step(Copied("nothing has been said yet"))
        else:
            self._copy(self._report.text)

    def _copy(self, text: str) -> None:
        self._rooms.delivery.copy(text)
        self._replies.hand_over()

    def _target(self, order: Deliver) -> Window | None:
        return None if order.pin is None else self._targets.get(order.pin)

    def _orders(self) -> tuple[Deliver, ...]:
        """Every text that is on its way or waits to be."""
        state = self._state
        return (*((state.delivering,) if state.delivering else ()), *state.waiting)

    def _pins_in_use(self) -> dict[int, Window | None]:
        pins = {order.pin for order in self._orders()} | {run.pin for run in self._state.runs}
        return {pin: target for pin, target in self._targets.items() if pin in pins}

    def _keep(self, kept: Keep) -> None:
        self._report.text = kept.text
        self._report.kept.append(kept.text)
        self._in_history = self._rooms.records.keep(kept.utterance, kept.text)
        self._rooms.screen.history(self._rooms.records.recent())

    def _tell(self, notice: Notify) -> None:
        name = notice.notice
        if name == "kept" and not self._in_history:
            name = "kept_in_memory"
        message = sentence(name, notice.detail, self._language)
        if name in _REFUSALS:
            self._replies.refuse(message)
        if notice.notice in ("microphone_lost", "behind"):
            self._report.problem = message
        if notice.notice in _FAILURES:
            self._rooms.sounds.play("error")
        if notice.notice != "model_failed":  # the program ends of it, and says so then
            _log.warning("%s", message)
        self._say(message)

    def _say(self, message: str) -> None:
        self._rooms.screen.warn(message)
        self._notice_until = self._clock() + _NOTICE_SECONDS
        self._hide_at = self._notice_until
