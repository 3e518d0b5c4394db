"""`dictation run`: builds every part, wires them, and takes them down again."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from dictation.assets import installed_models, sounds_folder
from dictation.audio.capture import Microphone
from dictation.audio.level import LevelMeter
from dictation.audio.muffle import Muffler
from dictation.audio.server import ServerWatch
from dictation.config import Settings, hot_words_file, load_settings, user_settings_file
from dictation.control.protocol import Reply, Request
from dictation.control.server import ControlServer
from dictation.daemon.archive import Archive
from dictation.daemon.building import (
    caption_settings,
    check_settings,
    first_choices,
    history_settings,
    output_settings,
    require_desktop,
    session_settings,
    take_hotkeys,
    watch_compositor,
    watch_presence,
)
from dictation.daemon.core import Asked, Chosen, Daemon, Message
from dictation.daemon.delivery import DeliveryDesk
from dictation.daemon.inbox import Inbox
from dictation.daemon.microphone import MicrophoneKeeper
from dictation.daemon.records import Records
from dictation.daemon.rooms import Rooms
from dictation.daemon.screen import DesktopScreen
from dictation.daemon.service import ServiceNotifier
from dictation.daemon.windows import SettingsOpener
from dictation.daemon.writer import Writer
from dictation.desktop.captions import Captions, NoCaptions, open_captions
from dictation.desktop.environment import Environment, read_environment
from dictation.desktop.focus import open_focus
from dictation.desktop.hotkey import NoHotkeys
from dictation.desktop.output import open_output
from dictation.desktop.sounds import NoSounds, SoundPlayer, Sounds
from dictation.desktop.tray import NoTray, open_tray
from dictation.errors import DictationError
from dictation.events import Command, PartFailed
from dictation.history import History, history_file
from dictation.loading import load_recognizer, worker_settings
from dictation.memory import Tidying
from dictation.preferences.file import save_settings
from dictation.worker import Worker

_POLL_MS = 40
_NAP_SECONDS = 10.0
_HISTORY_SECONDS = 0.2
"""A text waits no longer for whoever else holds the history; it is written later then."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_log = logging.getLogger(__name__)


def run_daemon(config: Path | None, *, verbose: bool) -> None:
    """Run until somebody quits; what is open then is finished and delivered.

    Raises DictationError for whatever keeps it from starting or going on: no display, another
    daemon, a key that is unknown or taken, a model that is missing or damaged.
    """
    _log_to_stderr(verbose=verbose)
    os.umask(0o077)  # whatever it writes, the windows it opens too, is its user's alone
    settings = load_settings(config)
    env = read_environment()
    require_desktop(env)
    inbox: Inbox[Message] = Inbox()
    with ExitStack() as stack:
        stack.callback(inbox.close)
        stack.enter_context(_quit_on_dead_threads(inbox))
        # First of all: whoever is second stops here.
        control = ControlServer(lambda request: _ask(inbox, request))
        control.start()
        stack.callback(control.close)
        stack.callback(watch_compositor(env, inbox.put))
        captions: Captions = NoCaptions()
        if settings.captions.enabled:
            captions = open_captions(env, caption_settings(settings))
        stack.callback(captions.close)
        daemon = _build(settings, config, env, inbox, captions, stack)
        stack.enter_context(_quit_on_signals(inbox))
        service = ServiceNotifier(os.environ, time.monotonic())
        service.ready()
        _main_loop(daemon, inbox, captions, service)
        if not daemon.restarting:
            service.stopping()
    if daemon.error is not None:
        raise DictationError(daemon.error)
    if daemon.restarting:
        # The same process, so that whoever watches over it (systemd) sees none end.
        os.execv(sys.executable, [sys.executable, "-m", "dictation", *sys.argv[1:]])
    if threading.active_count() > 1:
        # Every part is down but a model that still loads. Native code aborts the process when the
        # interpreter is taken down under it, so it is not.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _build(
    settings: Settings,
    config: Path | None,
    env: Environment,
    inbox: Inbox[Message],
    captions: Captions,
    stack: ExitStack,
) -> Daemon:
    """Make every part; `stack` takes them down again in the reverse order."""
    hotkeys = take_hotkeys(settings, env, inbox.put)
    key = None if isinstance(hotkeys, str) else settings.hotkey.key
    if isinstance(hotkeys, str):
        _log.warning("%s", hotkeys)
        hotkeys = NoHotkeys()
    stack.callback(hotkeys.stop)
    output = output_settings(settings)
    delivery = DeliveryDesk(open_output(env, output), inbox.put)
    delivery.start()
    stack.callback(delivery.close)
    tray = open_tray(env) if settings.tray.enabled else NoTray()
    screen = DesktopScreen(captions, tray, settings.interface.language, env)
    worker = Worker(
        lambda: load_recognizer(settings.model, settings.recognition),
        worker_settings(settings),
        inbox.put,
        time.monotonic,
        Tidying().tidy,
    )
    muffler = Muffler(worker.hear)
    meter = LevelMeter(muffler.hear)
    sounds: Sounds = NoSounds()
    if settings.sounds.enabled:
        sounds = SoundPlayer(sounds_folder(), settings.sounds.volume, muffler.deaf)
    stack.callback(sounds.close)
    worker.start()
    stack.callback(worker.close, 3.0)
    microphone = MicrophoneKeeper(
        lambda name, lost: Microphone(name or None, meter.hear, lost),
        inbox.put,
        name=settings.audio.device,
        keep_open=settings.audio.keep_open,
    )
    stack.callback(watch_presence(env, inbox.put))
    microphone.start()
    stack.callback(microphone.close)
    server = ServerWatch(microphone.server_changed)
    server.start()
    stack.callback(server.close)
    tray.start(screen.tray_view, lambda action: inbox.put(Chosen(action)))
    stack.callback(tray.close)
    history = History.open(history_file(), history_settings(settings), time.time, _HISTORY_SECONDS)
    focus = open_focus(env)
    stack.callback(focus.close)
    records = Archive(Records(history, time.time), history)
    stack.callback(records.close)
    arguments = () if config is None else ("--config", str(config))
    screen.history(records.recent())
    screen.models(settings.model.name, tuple(installed_models()))
    rooms = Rooms(
        worker=worker,
        microphone=microphone,
        delivery=delivery,
        screen=screen,
        keys=hotkeys,
        level=lambda: meter.level,
        focus=focus,
        records=records,
        writer=Writer(settings, output, hot_words_file(settings.recognition), time.monotonic),
        open_settings=SettingsOpener(arguments).open,
        sounds=sounds,
        post_roll_seconds=settings.audio.post_roll_ms / 1000,
        save=partial(save_settings, config or user_settings_file()),
        check=partial(check_settings, config),
    )
    session, choices = session_settings(settings), first_choices(settings)
    screen.choices(choices, ())
    return Daemon(
        rooms, session, choices, screen.language, settings.interface.language, key, time.monotonic
    )


def _main_loop(
    daemon: Daemon, inbox: Inbox[Message], captions: Captions, service: ServiceNotifier
) -> None:
    """Sleep until there is something to do; a window that is on the screen is looked after too."""
    has_window = not isinstance(captions, NoCaptions)

    def serve() -> None:
        for message in inbox.take():
            daemon.take(message)
        daemon.tick()
        service.beat(time.monotonic())

    def poll() -> None:
        serve()
        if not daemon.ended and not (has_window and (daemon.showing or captions.moving)):
            # A window that is hidden needs no main loop.
            due = daemon.tick()
            inbox.wait(_NAP_SECONDS if due is None else min(due, _NAP_SECONDS))
            serve()
        if daemon.ended:
            captions.stop()

    captions.run(poll, _POLL_MS if has_window else 0)


def _ask(inbox: Inbox[Message], request: Request) -> "Future[Reply]":
    reply: Future[Reply] = Future()
    inbox.put(Asked(request, reply))
    return reply


@contextmanager
def _quit_on_signals(inbox: Inbox[Message]) -> Iterator[None]:
    """Ask to quit on each signal; the second one does not wait for what is open."""
    before = {each: signal.getsignal(each) for each in _SIGNALS}
    # Python runs handlers between its own instructions only: the pipe ends the wait for messages.
    before_fd = signal.set_wakeup_fd(inbox.wake_fd, warn_on_full_buffer=False)
    for each in _SIGNALS:
        signal.signal(each, lambda *_: inbox.put(Command("quit")))
    try:
        yield
    finally:
        signal.set_wakeup_fd(before_fd)
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _quit_on_dead_threads(inbox: Inbox[Message]) -> Iterator[None]:
    """End when a mistake kills a thread: half a daemon looks alive, a dead one is started again."""

    def tell(dead: threading.ExceptHookArgs) -> None:
        name = dead.thread.name if dead.thread is not None else "?"
        _log.debug("the thread %s has died", name, exc_info=dead.exc_value)
        # Without the error's own words, which may be the user's.
        kind = dead.exc_type.__name__
        inbox.put(PartFailed(f"a mistake in the program has ended its part '{name}' ({kind})"))

    before, threading.excepthook = threading.excepthook, tell
    try:
        yield
    finally:
        threading.excepthook = before


def _log_to_stderr(*, verbose: bool) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("dictation: %(message)s"))
    logger = logging.getLogger("dictation")
    logger.handlers = [handler]
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
