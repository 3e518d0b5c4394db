"""The letter box wakes whoever waits on its file descriptor, and costs nothing while empty."""

import os
import select
import signal
import threading
import time

import pytest

from dictation.daemon.inbox import Inbox


@pytest.fixture
def inbox():
    box = Inbox()
    yield box
    box.close()


def readable(inbox: Inbox, seconds: float = 0.0) -> bool:
    return bool(select.select([inbox.fd], [], [], seconds)[0])


def test_messages_come_out_in_order_and_once(inbox):
    for number in range(3):
        inbox.put(number)
    assert readable(inbox)
    assert inbox.take() == [0, 1, 2]
    assert not readable(inbox)
    assert inbox.take() == []


def test_a_flood_neither_blocks_the_sender_nor_loses_anything(inbox):
    for number in range(200_000):
        inbox.put(number)
    assert inbox.take() == list(range(200_000))
    inbox.put(1)
    assert readable(inbox)


def test_messages_of_many_threads_all_arrive(inbox):
    def send():
        for number in range(1000):
            inbox.put(number)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    taken = []
    while len(taken) < 8000:
        inbox.wait(10.0)
        taken += inbox.take()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(list(range(1000)) * 8)


def test_a_signal_wakes_the_waiting_main_thread(inbox):
    came = []
    old_handler = signal.signal(signal.SIGUSR1, lambda *_: came.append(True))
    old_fd = signal.set_wakeup_fd(inbox.wake_fd, warn_on_full_buffer=False)
    try:
        timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1))
        timer.start()
        began = time.monotonic()
        inbox.wait(20.0)
        timer.join()
    finally:
        signal.set_wakeup_fd(old_fd)
        signal.signal(signal.SIGUSR1, old_handler)
    assert came == [True]
    assert time.monotonic() - began < 15.0


def test_putting_into_a_closed_box_harms_nobody():
    box = Inbox()
    box.close()
    box.put("late")
