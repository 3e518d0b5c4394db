"""Our connection to a Wayland compositor: the clipboard and a keyboard, without a window.

Source: wayland.xml, wlr-data-control-unstable-v1.xml (ext-data-control-v1.xml is the same under
another name) and virtual-keyboard-unstable-v1.xml.
"""

import os
import select
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from dictation.desktop.output.wayland_keys import SHIFT, Stroke, keymap
from dictation.desktop.output.wayland_wire import DISPLAY, Arguments, Fd, WaylandError, Wire

_MANAGERS = ("ext_data_control_manager_v1", "zwlr_data_control_manager_v1")
_KEYBOARDS = "zwp_virtual_keyboard_manager_v1"
_OURS = "application/x-dictation"
"""Offered beside what we own, so that we know our own offer when it comes back."""

_PIPE_BYTES = 65536
_READ_SECONDS = 0.4
_SAVE_TRIES = 3
"""Somebody may copy something else meanwhile."""
_SAVE_BYTES = 64 * 1024 * 1024
_ANSWER_SECONDS = 3.0
_SETTLE_SECONDS = 0.03


class WaylandDesk:
    """A connection with a thread that serves the clipboard. Raises WaylandError."""

    def __init__(self, socket: Path) -> None:
        self._wire = Wire(socket)
        self._changed = threading.Condition()
        self._globals: dict[str, int] = {}
        self._offers: dict[int, list[str]] = {}
        self._selection = 0
        self._owned: Mapping[str, bytes] | None = None
        self._source = 0
        self._sent: list[tuple[str, float]] = []
        self._synced = 0
        self._error: WaylandError | None = None
        self._reader, self._wake = os.pipe()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="wayland", daemon=True)
        self._thread.start()
        try:
            self._registry = self._wire.new(self._registry_event)
            self._wire.request(DISPLAY, 1, self._registry)
            self._roundtrip()
            self._seat = self._bind("wl_seat", 1)
            self._device = self._bind_clipboard()
            self._keyboard = self._bind_keyboard()
            self._roundtrip()
        except WaylandError:
            self.close()
            raise

    @property
    def has_clipboard(self) -> bool:
        """Whether the compositor lets us own the clipboard without a window."""
        return self._device != 0

    @property
    def has_keyboard(self) -> bool:
        """Whether the compositor lets us press keys."""
        return self._keyboard != 0

    def save(self) -> Mapping[str, bytes] | None:
        """What the clipboard offers, by MIME type; None when it is empty. Raises WaylandError."""
        for _ in range(_SAVE_TRIES):
            with self._changed:
                if self._owned is not None:
                    return self._owned
                offer = self._selection
                types = list(self._offers.get(offer, []))
            found = self._receive_all(offer, types)
            # A pipe ends in the same way where its writer is done and where it has died. Of one
            # that has died the compositor tells before it answers.
            self._roundtrip()
            with self._changed:
                if self._selection == offer:
                    return found or None
        return None

    def _receive_all(self, offer: int, types: list[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        room = _SAVE_BYTES
        for mime in types:
            content = self._receive(offer, mime, room)
            if content is not None:
                found[mime] = content
                room -= len(content)
        return found

    def own(self, contents: Mapping[str, bytes]) -> None:
        """Offer contents by MIME type as the clipboard."""
        source = self._wire.new()
        self._wire.hear(
            source, lambda opcode, arguments: self._source_event(source, opcode, arguments)
        )
        with self._changed:
            self._owned, self._source = MappingProxyType(dict(contents)), source
            self._sent.clear()
        self._wire.request(self._manager, 0, source)
        for mime in (*contents, _OURS):
            self._wire.request(source, 0, mime)
        self._wire.request(self._device, 0, source)
        self._roundtrip()

    def release(self) -> None:
        """Empty a clipboard that is ours."""
        if self.owns():
            self._wire.request(self._device, 0, 0)
            with self._changed:
                self._owned, self._source = None, 0

    def owns(self) -> bool:
        """Whether the clipboard is ours still."""
        with self._changed:
            return self._owned is not None

    def readings(self) -> list[float]:
        """When what we own was asked for since we have owned it (monotonic times)."""
        with self._changed:
            return [at for _, at in self._sent]

    def wait(self, done: Callable[[], bool], seconds: float) -> bool:
        """Wait for something that the clipboard's events change."""
        with self._changed:
            return self._changed.wait_for(done, seconds)

    def press(self, strokes: list[Stroke]) -> None:
        """Press keys one after the other in whatever has the keyboard."""
        self._give_keymap(strokes)
        for stroke in strokes:
            for code in stroke.held:
                self._key(code, down=True)
            self._wire.request(self._keyboard, 2, stroke.mask, 0, 0, 0)
            self._key(stroke.code, down=True)
            self._key(stroke.code, down=False)
            self._wire.request(self._keyboard, 2, 0, 0, 0, 0)
            for code in reversed(stroke.held):
                self._key(code, down=False)
        self._roundtrip()

    def tap_shift(self) -> None:
        """Press a key that changes nothing."""
        self.press([Stroke(SHIFT)])

    def close(self) -> None:
        """Leave; what we own is gone then."""
        if self._closed:
            return
        self._closed = True
        os.write(self._wake, b"!")
        self._thread.join()
        self._wire.close()
        os.close(self._wake)
        os.close(self._reader)

    def _run(self) -> None:
        try:
            while True:
                ready, _, _ = select.select([self._wire.fileno(), self._reader], [], [])
                if self._reader in ready:
                    return
                self._wire.read()
        except WaylandError as error:
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _roundtrip(self) -> None:
        """Wait until the compositor has dealt with all requests. Raises WaylandError."""
        before = self._synced

        def done(opcode: int, arguments: Arguments) -> None:
            with self._changed:
                self._synced += 1
                self._changed.notify_all()

        self._wire.request(DISPLAY, 0, self._wire.new(done))
        self.wait(lambda: self._synced > before or self._error is not None, _ANSWER_SECONDS)
        if self._error is not None:
            raise self._error
        if self._synced == before:
            raise WaylandError("the compositor does not answer")

    def _registry_event(self, opcode: int, arguments: Arguments) -> None:
        if opcode == 0:
            number, interface = arguments.number(), arguments.text()
            self._globals.setdefault(interface, number)

    def _bind(self, interface: str, version: int) -> int:
        if interface not in self._globals:
            return 0
        thing = self._wire.new()
        self._wire.request(self._registry, 0, self._globals[interface], interface, version, thing)
        return thing

    def _bind_clipboard(self) -> int:
        name = next((each for each in _MANAGERS if each in self._globals), "")
        self._manager = self._bind(name, 1)
        if not self._manager or not self._seat:
            return 0
        device = self._wire.new(self._device_event)
        self._wire.request(self._manager, 1, device, self._seat)
        return device

    def _bind_keyboard(self) -> int:
        manager = self._bind(_KEYBOARDS, 1)
        if not manager or not self._seat:
            return 0
        keyboard = self._wire.new()
        self._wire.request(manager, 0, self._seat, keyboard)
        self._keymap = ""
        return keyboard

    def _device_event(self, opcode: int, arguments: Arguments) -> None:
        if opcode == 0:
            offer = arguments.number()
            types: list[str] = []
            with self._changed:
                self._offers[offer] = types
            self._wire.hear(offer, lambda _, given: types.append(given.text()))
        elif opcode == 1:
            with self._changed:
                self._selection = arguments.number()
                self._offers = {
                    offer: types
                    for offer, types in self._offers.items()
                    if offer == self._selection
                }
                if _OURS not in self._offers.get(self._selection, []):
                    self._owned, self._source = None, 0
                self._changed.notify_all()

    def _source_event(self, source: int, opcode: int, arguments: Arguments) -> None:
        if opcode == 0:
            mime, fd = arguments.text(), arguments.fd()
            with self._changed:
                content = (self._owned or {}).get(mime, b"") if source == self._source else b""
                self._sent.append((mime, time.monotonic()))
                self._changed.notify_all()
            if len(content) <= _PIPE_BYTES:
                _write(fd, content)
            else:
                threading.Thread(target=_write, args=(fd, content), daemon=True).start()

    def _receive(self, offer: int, mime: str, room: int) -> bytes | None:
        """One type of what another program offers; None when it does not come, or is too large."""
        reader, writer = os.pipe()
        try:
            self._wire.request(offer, 0, mime, Fd(writer))
        finally:
            os.close(writer)
        content = b""
        with os.fdopen(reader, "rb", buffering=0) as pipe:
            while len(content) <= room:
                ready, _, _ = select.select([pipe], [], [], _READ_SECONDS)
                if not ready:
                    return None
                piece = pipe.read(_PIPE_BYTES)
                if not piece:
                    return content
                content += piece
        return None

    def _give_keymap(self, strokes: list[Stroke]) -> None:
        wanted = keymap(strokes)
        if wanted == self._keymap:
            return
        self._keymap = wanted
        data = wanted.encode() + b"\0"
        fd = os.memfd_create("dictation-keymap")
        try:
            os.write(fd, data)
            self._wire.request(self._keyboard, 0, 1, Fd(fd), len(data))
        finally:
            os.close(fd)
        self._roundtrip()
        # A window that gets its first key with a new keymap may miss it; Shift is no loss.
        for down in (True, False):
            self._key(SHIFT, down=down)
        self._roundtrip()
        time.sleep(_SETTLE_SECONDS)

    def _key(self, code: int, *, down: bool) -> None:
        moment = int(time.monotonic() * 1000) & 0xFFFFFFFF
        self._wire.request(self._keyboard, 1, moment, code, int(down))


def _write(fd: int, content: bytes) -> None:
    with os.fdopen(fd, "wb", buffering=0) as pipe:
        try:
            while content:
                content = content[pipe.write(content) :]
        except OSError:
            return  # whoever asked has gone
