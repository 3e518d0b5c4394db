"""The microphone is open when it should be, and comes back after it was unplugged."""

import threading
from contextlib import ExitStack
from queue import Empty, SimpleQueue

import pytest

from dictation.audio.capture import Microphone
from dictation.audio.errors import AudioDeviceError
from dictation.audio.server import ServerWatch
from dictation.daemon.microphone import MicrophoneKeeper
from dictation.events import DeviceLost, DeviceReady, MicrophonesChanged

FAST = (0.02, 0.05)


class Plug:
    """A device that is there or not; what this machine cannot have is a cable to pull."""

    follows_default = False
    source = None

    def __init__(self) -> None:
        self.plugged = True
        self.opened = threading.Event()
        self.closed = threading.Event()
        self.tries = SimpleQueue()

    def made(self, name, lost):
        self.name = name
        self.lost = lost
        return self

    def rest(self, resting):
        self.resting = resting

    def open(self):
        self.tries.put(self.plugged)
        if not self.plugged:
            raise AudioDeviceError("no microphone was found")
        self.closed.clear()
        self.opened.set()

    def close(self):
        self.opened.clear()
        self.closed.set()

    def unplug(self):
        self.plugged = False
        self.lost("unplugged")


@pytest.fixture
def plug():
    return Plug()


@pytest.fixture
def told():
    return SimpleQueue()


@pytest.fixture
def keep(plug, told):
    keepers = []

    def make(*, keep_open):
        keeper = MicrophoneKeeper(
            plug.made,
            told.put,
            name="USB microphone",
            keep_open=keep_open,
            retry_seconds=FAST,
        )
        keepers.append(keeper)
        keeper.start()
        return keeper

    yield make
    for keeper in keepers:
        keeper.close()


def test_kept_open_it_opens_at_once_and_stays_open(keep, plug, told):
    keeper = keep(keep_open=True)
    assert told.get(timeout=60) == DeviceReady("USB microphone")
    keeper.want()
    keeper.release()
    keeper.close()
    assert plug.tries.qsize() == 1
    assert plug.closed.is_set()


def test_otherwise_it_is_open_only_while_somebody_speaks(keep, plug, told):
    keeper = keep(keep_open=False)
    assert told.empty()
    keeper.want()
    assert told.get(timeout=60) == DeviceReady("USB microphone")
    keeper.release()
    assert plug.closed.wait(60)
    keeper.want()
    assert told.get(timeout=60) == DeviceReady("USB microphone")


def test_a_missing_microphone_is_told_once_and_found_when_it_comes(keep, plug, told):
    plug.plugged = False
    keep(keep_open=True)
    assert told.get(timeout=60) == DeviceLost("no microphone was found")
    for _ in range(3):
        plug.tries.get(timeout=60)
    assert told.empty()
    plug.plugged = True
    assert told.get(timeout=60) == DeviceReady("USB microphone")


def test_an_unplugged_microphone_is_told_and_found_again(keep, plug, told):
    keep(keep_open=True)
    assert told.get(timeout=60) == DeviceReady("USB microphone")
    plug.unplug()
    assert told.get(timeout=60) == DeviceLost("unplugged")
    plug.plugged = True
    assert told.get(timeout=60) == DeviceReady("USB microphone")


def test_whoever_wants_to_speak_is_told_that_it_is_still_missing(keep, plug, told):
    plug.plugged = False
    keeper = keep(keep_open=False)
    for _ in range(2):
        keeper.want()
        assert told.get(timeout=60) == DeviceLost("no microphone was found")


def test_opened_on_demand_it_is_not_tried_again_behind_the_users_back(keep, plug, told):
    plug.plugged = False
    keeper = keep(keep_open=False)
    keeper.want()
    told.get(timeout=60)
    plug.tries.get(timeout=60)
    with pytest.raises(Empty):
        plug.tries.get(timeout=0.3)


def test_another_microphone_is_opened_in_place_of_the_old_one(keep, plug, told):
    keeper = keep(keep_open=True)
    assert told.get(timeout=60) == DeviceReady("USB microphone")
    keeper.use("headset")
    assert told.get(timeout=60) == DeviceReady("headset")


def test_it_rests_while_nobody_wants_to_speak(keep, plug, told):
    keeper = keep(keep_open=True)
    told.get(timeout=60)
    assert plug.resting
    keeper.want()
    assert not plug.resting
    keeper.use("headset")
    told.get(timeout=60)
    assert not plug.resting
    keeper.release()
    assert plug.resting


def test_forbidden_it_is_closed_until_it_is_allowed_again(keep, plug, told):
    keeper = keep(keep_open=True)
    told.get(timeout=60)
    keeper.forbid()
    assert plug.closed.wait(60)
    keeper.want()
    keeper.use("headset")
    assert told.empty()
    keeper.allow()
    assert told.get(timeout=60) == DeviceReady("headset")


@pytest.fixture
def heard_by_keeper(virtual_microphone, told):
    """Starts a keeper of a real microphone, by its name, with a watch on the sound server."""
    running = ExitStack()

    def start(name):
        keeper = MicrophoneKeeper(
            lambda name, lost: Microphone(name, lambda samples, at: None, lost),
            told.put,
            name=name,
            keep_open=True,
            retry_seconds=FAST,
        )
        keeper.start()
        running.callback(keeper.close)
        watch = ServerWatch(keeper.server_changed)
        watch.start()
        running.callback(watch.close)
        wait_for(told, MicrophonesChanged(("Microphone",)), DeviceReady(name or "Microphone"))

    with running:
        yield start


def wait_for(told, *events):
    """Take what is told until each of these events has come."""
    missing = list(events)
    while missing:
        event = told.get(timeout=60)
        if event in missing:
            missing.remove(event)


def next_device_event(told):
    while True:
        event = told.get(timeout=60)
        if isinstance(event, DeviceLost | DeviceReady):
            return event


def test_a_source_that_is_unloaded_is_told_and_comes_back(
    virtual_microphone, heard_by_keeper, told
):
    heard_by_keeper("microphone")
    virtual_microphone.unload()
    assert next_device_event(told) == DeviceLost("Microphone is gone")
    virtual_microphone.load()
    assert next_device_event(told) == DeviceReady("microphone")


def test_the_default_is_followed_to_another_microphone(virtual_microphone, heard_by_keeper, told):
    heard_by_keeper("")
    virtual_microphone.add_headset()
    wait_for(told, MicrophonesChanged(("Microphone", "Headset")))
    virtual_microphone.control("set-default-source", "headset")
    assert next_device_event(told) == DeviceReady("Headset", moved=True)


def test_a_source_that_is_suspended_is_told_and_comes_back(
    virtual_microphone, heard_by_keeper, told
):
    heard_by_keeper("microphone")
    virtual_microphone.suspend()
    assert next_device_event(told) == DeviceLost("Microphone is suspended")
    virtual_microphone.suspend(False)
    assert next_device_event(told) == DeviceReady("microphone")


def test_a_server_that_is_restarted_is_told_and_used_again(
    virtual_microphone, heard_by_keeper, told
):
    heard_by_keeper("")
    virtual_microphone.kill()
    assert isinstance(next_device_event(told), DeviceLost)
    virtual_microphone.start()
    assert next_device_event(told) == DeviceReady("Microphone")
