"""The replies that the daemon owes to those who asked at the control socket."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

from dictation.control.protocol import DaemonStatus, Reply


class Replies:
    """Answers each request by what became of it: the `status` after it, or why it was refused.

    One request is in hand at a time. What the delivery desk has to do for it is answered when that
    tells; it does one thing after the other, asked at the socket or not.
    """

    def __init__(self, status: Callable[[], DaemonStatus]) -> None:
        self._status = status
        self._in_hand: Future[Reply] | None = None
        self._refusal: str | None = None
        self._awaited: deque[Future[Reply] | None] = deque()

    def take(self, reply: "Future[Reply] | None") -> None:
        """Take a request in hand."""
        self._in_hand, self._refusal = reply, None

    def refuse(self, why: str) -> None:
        """What is in hand cannot be done."""
        self._refusal = why

    def hand_over(self) -> None:
        """The delivery desk has something to do; of what is in hand it will tell the end."""
        self._awaited.append(self._in_hand)
        self._in_hand = None

    def take_back(self) -> None:
        """The delivery desk tells of the oldest thing that it had to do."""
        self.take(self._awaited.popleft() if self._awaited else None)

    def give(self) -> None:
        """Answer what is in hand, unless it was handed over or given up."""
        reply, self._in_hand = self._in_hand, None
        if reply is not None and reply.set_running_or_notify_cancel():
            refused = self._refusal is not None
            reply.set_result(Reply(error=self._refusal) if refused else Reply(self._status()))
