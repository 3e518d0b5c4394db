"""A process in which code can do no harm, and which tells what it tried."""

import faulthandler
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from dictation.errors import DictationError

MEMORY = 1 << 30
CPU_SECONDS = 20.0
WALL_SECONDS = 300.0
_LONGEST = 1000
_FORBIDDEN = (
    "os.exec", "os.fork", "os.posix_spawn", "os.remove", "os.rename", "os.rmdir", "os.symlink",
    "os.system", "pty.spawn", "shutil.rmtree", "socket.bind", "socket.connect", "subprocess.Popen",
)  # fmt: skip


class Caught(BaseException):
    """Something a reader of files must never do."""


class Sandbox:
    """While it is entered, nothing is written, no process started, no connection made.

    Memory is limited to what the process has then and `MEMORY` more. A write to any file ends the
    process (RLIMIT_FSIZE), also out of C; so do `CPU_SECONDS` of work.
    """

    def __init__(self) -> None:
        self._on = False
        sys.addaudithook(self._see)
        faulthandler.enable()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(
            signal.SIGXFSZ, signal.SIG_DFL
        )  # ignored by Python: the write would only fail

    def __enter__(self) -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + MEMORY)
        faulthandler.dump_traceback_later(WALL_SECONDS, exit=True)
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        _limit(resource.RLIMIT_FSIZE, 0)
        self._on = True

    def __exit__(self, *_: object) -> None:
        self._on = False
        _limit(resource.RLIMIT_FSIZE, resource.RLIM_INFINITY)
        _limit(resource.RLIMIT_AS, resource.RLIM_INFINITY)
        signal.setitimer(signal.ITIMER_PROF, 0)
        faulthandler.cancel_dump_traceback_later()

    def outcome(self, read: Callable[[Path], object], case: Path) -> tuple[str, str]:
        """Read a file or folder: `read`, `refused` (and why), or `bad` (and what was wrong)."""
        with self:
            try:
                read(case)
            except DictationError as error:
                return _judged(str(error))
            except (Exception, Caught) as error:  # noqa: BLE001 (what it looks for)
                return "bad", f"{type(error).__name__}: {str(error)[:300]} ({_where(error)})"
            return "read", ""

    def _see(self, event: str, arguments: tuple[object, ...]) -> None:
        if self._on and event in _FORBIDDEN:
            raise Caught(f"{event} {arguments}")


def _judged(message: str) -> tuple[str, str]:
    if "\n" in message or len(message) > _LONGEST:
        return "bad", f"a message of {len(message)} characters: {message[:300]!r}"
    # What torch says when the limit stops it.
    return ("bad" if "allocate memory" in message else "refused"), message[:300]


def _where(error: BaseException) -> str:
    places: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        places.append(f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " ".join(places[-6:])


def _limit(what: int, most: int) -> None:
    resource.setrlimit(what, (most, resource.getrlimit(what)[1]))
