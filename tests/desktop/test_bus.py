"""A bus that goes away under its connections."""

import asyncio
import gc
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from dbus_fast import Message
from dbus_fast.aio import MessageBus
from dbus_fast.service import ServiceInterface, dbus_signal

from dictation.desktop.bus import BusError, BusThread, forgive_lost_bus, signals_to_bus
from dictation.desktop.output.base import RouteUnfitError
from dictation.desktop.output.ibus_engine import Engine
from dictation.desktop.tray.base import TrayView
from dictation.desktop.tray.sni import SniTray
from tests.xsession import require, wait_until


@pytest.fixture
def bus(tmp_path: Path):
    """A bus of this test's own: its process and its address."""
    address = f"unix:path={tmp_path / 'bus'}"
    command = [require("dbus-daemon"), "--session", "--nofork", "--nopidfile"]
    with subprocess.Popen([*command, f"--address={address}"]) as process:
        wait_until((tmp_path / "bus").exists, "the bus")
        yield process, address
        process.kill()


def end_by_itself(thread: BusThread) -> None:
    """Wait until a thread has seen that its bus is gone, and let go of all that was in it."""
    running = thread._thread
    assert running is not None
    running.join(60)
    assert not running.is_alive()
    thread.close()
    gc.collect()


def test_a_thread_whose_bus_has_died_ends_without_a_word(bus, caplog):
    process, address = bus

    async def serve(_: MessageBus) -> None:
        pass

    thread = BusThread("test", address, serve)
    thread.start()
    process.kill()
    end_by_itself(thread)
    assert caplog.records == []


def test_a_thread_that_was_sending_when_its_bus_died_ends_without_a_word_too(bus, caplog):
    process, address = bus

    def send(connection: MessageBus) -> None:
        process.kill()
        process.wait()
        # The write fails before the end of the connection is seen.
        with suppress(OSError):
            connection.send(Message.new_signal("/a", "a.b", "C"))

    async def serve(connection: MessageBus) -> None:
        asyncio.get_running_loop().call_later(0.1, send, connection)

    thread = BusThread("test", address, serve)
    thread.start()
    end_by_itself(thread)
    assert caplog.records == []


def test_a_bus_that_dies_while_it_is_asked_for_something_is_an_error(bus):
    process, address = bus

    async def serve(connection: MessageBus) -> None:
        process.kill()
        process.wait()
        connection.send(Message.new_signal("/a", "a.b", "C"))

    with pytest.raises(BusError, match="went away"):
        BusThread("test", address, serve).start()


class Talker(ServiceInterface):
    """A service with something to say."""

    def __init__(self) -> None:
        super().__init__("a.b")

    @dbus_signal()
    def Changed(self) -> None:  # noqa: N802
        """It has changed."""


class LeavingBus(MessageBus):
    """One that withdraws a service while that sends a signal, as one does whose write fails."""

    def send(self, message: Message) -> asyncio.Future[None]:
        if message.member == "Changed":
            self.unexport("/a")
        return super().send(message)


async def on_dead_bus(bus, service: ServiceInterface) -> MessageBus:
    """Return a connection whose bus has died, with a service on it."""
    process, address = bus
    asyncio.get_running_loop().set_exception_handler(forgive_lost_bus)
    connection = await MessageBus(bus_address=address).connect()
    connection.export("/a", service)
    process.kill()
    process.wait()
    return connection


def test_a_signal_that_finds_its_bus_dead_is_an_error_of_the_system(bus):
    async def tell() -> None:
        talker = Talker()
        _connection = await on_dead_bus(bus, talker)
        with pytest.raises(OSError), signals_to_bus():  # noqa: PT011 (the system's words differ)
            talker.Changed()

    asyncio.run(tell())


def test_so_is_one_whose_service_is_withdrawn_while_it_is_sent(bus):
    _, address = bus

    async def tell() -> None:
        connection = await LeavingBus(bus_address=address).connect()
        talker = Talker()
        connection.export("/a", talker)
        with pytest.raises(OSError, match="the bus has gone"), signals_to_bus():
            talker.Changed()
        connection.disconnect()

    asyncio.run(tell())


def test_ibus_that_is_found_dead_has_had_none_of_the_text(bus):
    async def tell() -> None:
        engine = Engine()
        _connection = await on_dead_bus(bus, engine)
        with pytest.raises(RouteUnfitError, match="does not answer"):
            engine.commit("text")

    asyncio.run(tell())


def test_a_tray_that_meets_its_dead_bus_with_a_new_state_ends_without_a_word(bus, caplog):
    process, address = bus
    tray = SniTray(address)
    tray.start(TrayView("idle"), lambda action: None)

    def die() -> None:
        process.kill()
        process.wait()
        tray.update(TrayView("speaking"))

    assert tray._loop is not None
    tray._loop.call_soon_threadsafe(die)
    assert tray._thread is not None
    tray._thread.join(60)
    tray.close()
    assert caplog.records == []


def test_a_loop_says_nothing_of_a_bus_that_was_lost_but_of_other_errors(bus, caplog):
    process, address = bus

    async def lose_bus() -> None:
        asyncio.get_running_loop().set_exception_handler(forgive_lost_bus)
        connection = await MessageBus(bus_address=address).connect()
        process.kill()
        while connection.connected:
            await asyncio.sleep(0.01)

    async def make_a_mistake() -> None:
        asyncio.get_running_loop().set_exception_handler(forgive_lost_bus)
        asyncio.get_running_loop().create_future().set_exception(KeyError("a mistake"))

    asyncio.run(lose_bus())
    gc.collect()
    assert caplog.records == []
    asyncio.run(make_a_mistake())
    gc.collect()
    assert [record.name for record in caplog.records] == ["asyncio"]
