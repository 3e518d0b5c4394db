"""Tells systemd how the daemon does, where it was started as a service.

Source: sd_notify(3): datagrams to the socket that $NOTIFY_SOCKET names.
"""

import socket
from collections.abc import Mapping
from contextlib import suppress


class ServiceNotifier:
    """Sends nothing where nobody asked for it.

    `beat` is called from the main loop, so that the watchdog notices a loop that hangs.
    """

    def __init__(self, variables: Mapping[str, str], now: float) -> None:
        name = variables.get("NOTIFY_SOCKET", "")
        # A name that begins with @ has no file: Linux's abstract sockets, which begin with a zero.
        self._address = "\0" + name[1:] if name.startswith("@") else name
        self._interval = int(variables.get("WATCHDOG_USEC", "0") or 0) / 1e6
        self._last = now

    def ready(self) -> None:
        """The daemon answers to its key and its socket."""
        self._send("READY=1\nSTATUS=running")

    def stopping(self) -> None:
        """The daemon ends."""
        self._send("STOPPING=1")

    def beat(self, now: float) -> None:
        """The main loop goes round; told some three times in a watchdog's time."""
        if self._interval and now - self._last >= self._interval / 3:
            self._last = now
            self._send("WATCHDOG=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, suppress(OSError):
            notify.sendto(text.encode(), self._address)
