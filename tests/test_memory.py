"""Memory that glibc holds in the gaps between small pieces goes back to the system."""

import sys
from subprocess import run

import pytest

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="malloc_trim is glibc's"
)

_MESS = """
import ctypes, sys
from dictation.memory import Tidying, _own

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]

def leave_gaps(megabytes):
    pieces = [libc.malloc(50_000) for _ in range(megabytes * 20)]
    for piece in pieces:
        ctypes.memset(piece, 1, 50_000)
    for kept, piece in enumerate(pieces):
        if kept % 10:
            libc.free(piece)

tidying = Tidying()
tidying.tidy()
before = _own()
leave_gaps(int(sys.argv[1]))
messy = _own()
tidying.tidy()
print((messy - before) // 10**6, (_own() - before) // 10**6)
"""


def grown(megabytes: int) -> tuple[int, int]:
    """By how many MB a process has grown that held so many, before and after it was tidied."""
    command = [sys.executable, "-c", _MESS, str(megabytes)]
    messy, tidy = run(command, capture_output=True, text=True, check=True).stdout.split()
    return int(messy), int(tidy)


def test_a_large_pile_goes_back():
    messy, tidy = grown(200)
    assert messy > 150
    assert tidy < 80


def test_a_small_pile_is_left_for_the_next_utterance():
    messy, tidy = grown(30)
    assert tidy == messy > 20
