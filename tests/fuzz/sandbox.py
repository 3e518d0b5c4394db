"""A process in which code can do no harm, and which tells what it tried."""

import faulthandler
import os
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from dictation.errors import DictationError

MEMORY = 1 << 30
CPU_SECONDS = 20.0
WALL_SECONDS = 300.0
_LONGEST = 1000
_FORBIDDEN = (
    "os.chmod", "os.chown", "os.exec", "os.fork", "os.link", "os.mkdir", "os.posix_spawn",
    "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.system", "os.truncate", "os.utime",
    "pty.spawn", "shutil.rmtree", "socket.bind", "socket.connect", "subprocess.Popen",
)  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
HANGS = (signal.SIGPROF, signal.SIGALRM)
"""What ends a process whose code does not come to an end, with a traceback on standard error."""


class Caught(BaseException):
    """Something a reader of files must never do."""


class Sandbox:
    """While it is entered, nothing is written, no process started, no connection made.

    Memory is limited to what the process has then and `MEMORY` more. A write to any file ends the
    process (RLIMIT_FSIZE), also out of C; so do `CPU_SECONDS` of work. `most_bytes`: what the last
    one took of memory, at most, above what was there before.
    """

    def __init__(self) -> None:
        self._on = False
        self._before = 0
        self.most_bytes = 0
        sys.addaudithook(self._see)
        faulthandler.enable()
        for ending in HANGS:
            faulthandler.register(ending, chain=True)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # Ignored by Python: the write would only fail.
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)

    def __enter__(self) -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        with suppress(OSError):  # not every container lets its peak begin anew (man 5 proc)
            Path("/proc/self/clear_refs").write_text("5")
        self._before = _resident("VmRSS")
        _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + MEMORY)
        signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        _limit(resource.RLIMIT_FSIZE, 0)
        self._on = True

    def __exit__(self, *_: object) -> None:
        self._on = False
        _limit(resource.RLIMIT_FSIZE, resource.RLIM_INFINITY)
        _limit(resource.RLIMIT_AS, resource.RLIM_INFINITY)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.most_bytes = max(0, _resident("VmHWM") - self._before)

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
        if not self._on:
            return
        if event in _FORBIDDEN or (event == "open" and _writes(arguments)):
            raise Caught(f"{event} {arguments}")


def _writes(opened: tuple[object, ...]) -> bool:
    flags = opened[2]
    return isinstance(flags, int) and bool(flags & _WRITING)


def _resident(what: str) -> int:
    status = Path("/proc/self/status").read_text()
    return int((status.partition(f"{what}:")[2].split() or ["0"])[0]) * 1024


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
