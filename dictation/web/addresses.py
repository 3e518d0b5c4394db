"""Where a browser may put its uploads: Streamlit's answers to that, none of which may be lost.

A run of the page that begins clears what of the last one was not sent yet, and with it the answer
to a browser that has just been given a file (ForwardMsgQueue.clear of Streamlit 1.67 keeps other
messages, not this one): the browser would wait for it, and the file never come.
"""

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

_clear = ForwardMsgQueue.clear


def keep_answers() -> None:
    """From now on runs that begin leave these answers to be sent."""
    setattr(ForwardMsgQueue, "clear", _clear_but_answers)  # noqa: B010 (no method in mypy's eyes)


def _clear_but_answers(
    queue: ForwardMsgQueue,
    retain_lifecycle_msgs: bool = False,
    fragment_ids_this_run: list[str] | None = None,
) -> None:
    answers = [message for message in queue._queue if _is_answer(message)]
    _clear(queue, retain_lifecycle_msgs, fragment_ids_this_run)
    if retain_lifecycle_msgs:  # else all of it has been sent
        kept = [message for message in queue._queue if not _is_answer(message)]
        queue._queue = kept + answers


def _is_answer(message: ForwardMsg) -> bool:
    return message.WhichOneof("type") == "file_urls_response"
