"""A hundred dictations leave nothing behind; `make soak` does a thousand."""

from tests.daemon.soak import leaks, soak


def test_starting_and_stopping_leaks_no_thread_file_key_or_megabyte(idle_daemon, hands):
    before, after = soak(idle_daemon, hands, 100)
    assert leaks(before, after) == []
    assert before.threads > 3
    assert not before.escape
