"""Our engine on IBus's bus: it passes every key on and knows what the focused text field is.

Source: the D-Bus interfaces org.freedesktop.IBus.Factory, .Engine and .Service of IBus 1.5
(src/ibusfactory.c, src/ibusengine.c).
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Annotated

from dbus_fast import PropertyAccess, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import (
    DBusBool,
    DBusInt32,
    DBusObjectPath,
    DBusSignature,
    DBusStr,
    DBusUInt32,
    DBusVariant,
)
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

from dictation.desktop.bus import signals_to_bus
from dictation.desktop.output.base import RouteUnfitError
from dictation.desktop.output.ibus_values import (
    NO_CAPABILITIES,
    PASSWORD_PURPOSES,
    ClientCapabilities,
    ibus_text,
    text_of,
)

FACTORY_PATH = "/org/freedesktop/IBus/Factory"
_ENGINE_PATH = "/org/freedesktop/IBus/Engine/Dictation"
_CLEAR = 0
"""IBusPreeditFocusMode: what is not committed is dropped when the field loses the focus."""

Purpose = Annotated[list[int], DBusSignature("(uu)")]
Yes = Annotated[list[bool], DBusSignature("(b)")]


@dataclass(frozen=True, slots=True)
class Surrounding:
    """The text around the cursor; positions count characters."""

    text: str
    cursor: int
    anchor: int

    @property
    def before(self) -> str:
        """What stands before the cursor."""
        return self.text[: self.cursor]


@dataclass(frozen=True, slots=True)
class Field:
    """The text field that has the focus.

    `surrounding` is what its client has told, None until it has; `told` counts how often that was.
    """

    focused: bool = False
    capabilities: ClientCapabilities = NO_CAPABILITIES
    purpose: int = 0
    surrounding: Surrounding | None = None
    told: int = 0

    @property
    def secret(self) -> bool:
        """Whether it is for a password."""
        return self.purpose in PASSWORD_PURPOSES


@contextmanager
def _to_ibus() -> Iterator[None]:
    """Within, signals are sent. Raises RouteUnfitError when IBus has gone: it has not had them."""
    try:
        with signals_to_bus():
            yield
    except OSError as error:
        raise RouteUnfitError(f"IBus does not answer: {error}") from error


class Engine(ServiceInterface):
    """The engine; `field` is what it knows, `changed` is set whenever that changes."""

    def __init__(self) -> None:
        super().__init__("org.freedesktop.IBus.Engine")
        self.field = Field()
        self.changed = asyncio.Event()

    def show(self, text: str) -> None:
        """Show a text at the cursor that is not committed; an empty one takes it away.

        Raises RouteUnfitError when IBus has gone, as the next two do.
        """
        with _to_ibus():
            self.UpdatePreeditText(ibus_text(text, underlined=True), len(text), bool(text))

    def commit(self, text: str) -> None:
        """Put a text at the cursor."""
        with _to_ibus():
            self.CommitText(ibus_text(text))

    def delete_before(self, count: int) -> None:
        """Remove so many characters before the cursor."""
        with _to_ibus():
            self.DeleteSurroundingText(-count, count)

    async def wait_for(self, done: Callable[[Field], bool], seconds: float) -> bool:
        """Wait until the field is as wanted; whether it is."""
        try:
            async with asyncio.timeout(seconds):
                while not done(self.field):
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            return False
        return True

    def _learn(self, field: Field) -> None:
        self.field = field
        self.changed.set()

    @dbus_signal()
    def CommitText(self, text: Variant) -> DBusVariant:  # noqa: N802
        """Put a text at the cursor."""
        return text

    @dbus_signal()
    def UpdatePreeditText(  # noqa: N802
        self, text: Variant, cursor: int, visible: bool
    ) -> Annotated[list[object], DBusSignature("vubu")]:
        """Show a text that is not there yet."""
        return [text, cursor, visible, _CLEAR]

    @dbus_signal()
    def RequireSurroundingText(self) -> None:  # noqa: N802
        """Ask for the text around the cursor."""

    @dbus_signal()
    def DeleteSurroundingText(  # noqa: N802
        self, offset: int, count: int
    ) -> Annotated[list[int], DBusSignature("iu")]:
        """Remove text near the cursor."""
        return [offset, count]

    @dbus_method()
    def ProcessKeyEvent(  # noqa: N802
        self, keyval: DBusUInt32, keycode: DBusUInt32, state: DBusUInt32
    ) -> DBusBool:
        """Every key is the client's."""
        return False

    @dbus_method()
    def FocusIn(self) -> None:  # noqa: N802
        """A field has the focus."""
        self._learn(replace(self.field, focused=True, surrounding=None))

    @dbus_method()
    def FocusOut(self) -> None:  # noqa: N802
        """No field has the focus."""
        self._learn(replace(self.field, focused=False, surrounding=None))

    @dbus_method()
    def SetCapabilities(self, capabilities: DBusUInt32) -> None:  # noqa: N802
        """What the field's client can do."""
        self._learn(replace(self.field, capabilities=ClientCapabilities(capabilities)))

    @dbus_method()
    def SetSurroundingText(  # noqa: N802
        self, text: DBusVariant, cursor: DBusUInt32, anchor: DBusUInt32
    ) -> None:
        """The text around the cursor."""
        surrounding = Surrounding(text_of(text), cursor, anchor)
        self._learn(replace(self.field, surrounding=surrounding, told=self.field.told + 1))

    @dbus_method()
    def Reset(self) -> None:  # noqa: N802
        """The field has dropped what was not committed."""

    @dbus_method()
    def Enable(self) -> None:  # noqa: N802
        """The engine is in use."""
        with suppress(RouteUnfitError), _to_ibus():
            self.RequireSurroundingText()

    @dbus_method()
    def Disable(self) -> None:  # noqa: N802
        """The engine is not in use any more."""
        self._learn(replace(self.field, focused=False, surrounding=None))

    @dbus_method()
    def SetCursorLocation(  # noqa: N802
        self, x: DBusInt32, y: DBusInt32, width: DBusInt32, height: DBusInt32
    ) -> None:
        """Where the cursor is on the screen."""

    @dbus_method()
    def PropertyActivate(self, name: DBusStr, state: DBusUInt32) -> None:  # noqa: N802
        """We have no properties."""

    @dbus_property()
    def ContentType(self) -> Purpose:  # noqa: N802
        """What the field is for: purpose and hints."""
        return [self.field.purpose, 0]

    @ContentType.setter
    def set_content_type(self, value: Purpose) -> None:
        """What IBus says the field is for."""
        self._learn(replace(self.field, purpose=value[0]))

    @dbus_property(access=PropertyAccess.READ)
    def ActiveSurroundingText(self) -> Yes:  # noqa: N802
        """We want to know the text around the cursor."""
        return [True]


class Factory(ServiceInterface):
    """Makes the engine when IBus switches to it."""

    def __init__(self, bus: MessageBus, made: Callable[[Engine], None]) -> None:
        super().__init__("org.freedesktop.IBus.Factory")
        self._bus = bus
        self._made = made
        self._count = 0

    @dbus_method()
    def CreateEngine(self, name: DBusStr) -> DBusObjectPath:  # noqa: N802
        """An engine that IBus may use until it destroys it."""
        self._count += 1
        path = f"{_ENGINE_PATH}/{self._count}"
        engine = Engine()
        self._bus.export(path, engine)
        self._bus.export(path, _Service(self._bus, path))
        self._made(engine)
        return path


class _Service(ServiceInterface):
    """How IBus ends an engine."""

    def __init__(self, bus: MessageBus, path: str) -> None:
        super().__init__("org.freedesktop.IBus.Service")
        self._bus = bus
        self._path = path

    @dbus_method()
    def Destroy(self) -> None:  # noqa: N802
        """The engine is not needed any more."""
        self._bus.unexport(self._path)
