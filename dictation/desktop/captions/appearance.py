"""Whether the user likes dark windows, as the desktop's settings portal says."""

import asyncio

from dictation.desktop.environment import Environment

_SECONDS = 0.7
_LIGHT = 2


def prefers_dark(env: Environment) -> bool:
    """True unless the desktop asks for light windows (org.freedesktop.appearance color-scheme)."""
    if env.session_bus is None:
        return True
    try:
        scheme = asyncio.run(asyncio.wait_for(_read_scheme(env.session_bus), _SECONDS))
    except (OSError, EOFError, ValueError, TimeoutError):
        return True
    return scheme != _LIGHT


async def _read_scheme(address: str) -> int:
    """The portal's number: 0 no wish, 1 dark, 2 light."""
    from dbus_fast import Message, MessageType, Variant
    from dbus_fast.aio import MessageBus

    bus = await MessageBus(bus_address=address).connect()
    try:
        reply = await bus.call(
            Message(
                destination="org.freedesktop.portal.Desktop",
                path="/org/freedesktop/portal/desktop",
                interface="org.freedesktop.portal.Settings",
                member="Read",
                signature="ss",
                body=["org.freedesktop.appearance", "color-scheme"],
            )
        )
    finally:
        bus.disconnect()
    if reply is None or reply.message_type is not MessageType.METHOD_RETURN:
        return 0
    value = reply.body[0]
    while isinstance(value, Variant):
        value = value.value
    return int(value)
