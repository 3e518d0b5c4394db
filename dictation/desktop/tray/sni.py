"""A tray icon over D-Bus: StatusNotifierItem with a com.canonical.dbusmenu.

Sources: the StatusNotifierItem specification of freedesktop.org and the interface description of
libdbusmenu. The item registers again whenever a watcher (the panel) appears on the bus.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Annotated, TypeAlias

from dbus_fast import Message, MessageType, PropertyAccess, Variant
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
from dbus_fast.errors import DBusError
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

from dictation.desktop.bus import forgive_lost_bus, signals_to_bus
from dictation.desktop.tray.base import TrayAction, TrayView
from dictation.desktop.tray.icons import draw_icon
from dictation.desktop.tray.menu import MenuItem, build_menu
from dictation.errors import DictationError
from dictation.events import Command

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM_PATH = "/StatusNotifierItem"
MENU_PATH = "/Menu"
_SIZES = (22, 24, 32, 48)
_READ = PropertyAccess.READ

_Properties: TypeAlias = dict[str, Variant]
_Node: TypeAlias = list[object]
Pixmaps = Annotated[list[list[object]], DBusSignature("a(iiay)")]
ToolTip = Annotated[list[object], DBusSignature("(sa(iiay)ss)")]
Layout = Annotated[list[object], DBusSignature("u(ia{sv}av)")]
PropertiesOfMany = Annotated[list[list[object]], DBusSignature("a(ia{sv})")]
Numbers = Annotated[list[int], DBusSignature("ai")]
TwoLists = Annotated[list[list[int]], DBusSignature("aiai")]
Names = Annotated[list[str], DBusSignature("as")]
MenuEvents = Annotated[list[list[object]], DBusSignature("a(isvu)")]
Revision = Annotated[list[int], DBusSignature("ui")]


class TrayError(DictationError):
    """The session bus cannot be used."""


class SniTray:
    """A StatusNotifierItem with a thread and an event loop of its own."""

    def __init__(self, bus_address: str) -> None:
        self._address = bus_address
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._shown: _Shown | None = None

    def start(self, view: TrayView, on_action: Callable[[TrayAction], None]) -> None:
        """Show the icon as soon as there is a panel. Raises TrayError."""
        shown = _Shown(view, on_action)
        ready: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(
            target=asyncio.run, args=(self._serve(shown, ready),), name="tray", daemon=True
        )
        self._thread.start()
        self._loop = ready.result()
        self._shown = shown

    def update(self, view: TrayView) -> None:
        """Show another state."""
        if self._loop is not None and self._shown is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._shown.update, view)

    def close(self) -> None:
        """Leave the bus, which takes the icon away."""
        if self._loop is None or self._shown is None or self._thread is None:
            return
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._shown.ended.set)
        self._thread.join()
        self._loop = self._shown = self._thread = None

    async def _serve(self, shown: "_Shown", ready: "Future[asyncio.AbstractEventLoop]") -> None:
        asyncio.get_running_loop().set_exception_handler(forgive_lost_bus)
        try:
            bus = await MessageBus(bus_address=self._address).connect()
            await _offer(bus, shown)
        except (OSError, EOFError, DBusError, ValueError) as error:
            ready.set_exception(TrayError(f"the session bus cannot be used: {error}"))
            return
        ready.set_result(asyncio.get_running_loop())
        gone = asyncio.ensure_future(bus.wait_for_disconnect())  # type: ignore[no-untyped-call]
        ended = asyncio.ensure_future(shown.ended.wait())
        await asyncio.wait((gone, ended), return_when=asyncio.FIRST_COMPLETED)
        if not gone.done():
            bus.disconnect()
        ended.cancel()
        await asyncio.gather(gone, ended, return_exceptions=True)


async def _offer(bus: MessageBus, shown: "_Shown") -> None:
    bus.export(ITEM_PATH, shown.item)
    bus.export(MENU_PATH, shown.menu)
    number = (bus.unique_name or "0").rpartition(".")[2]
    name = f"org.kde.StatusNotifierItem-{os.getpid()}-{number}"
    await bus.request_name(name)

    def watch(message: Message) -> None:
        if message.member == "NameOwnerChanged" and message.body[0] == WATCHER and message.body[2]:
            shown.keep(asyncio.ensure_future(_register(bus, name)))

    bus.add_message_handler(watch)
    rule = f"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{WATCHER}'"
    await bus.call(
        Message(
            destination="org.freedesktop.DBus",
            path="/org/freedesktop/DBus",
            interface="org.freedesktop.DBus",
            member="AddMatch",
            signature="s",
            body=[rule],
        )
    )
    await _register(bus, name)


async def _register(bus: MessageBus, name: str) -> bool:
    """Tell the watcher of the item; False when there is none now."""
    reply = await bus.call(
        Message(
            destination=WATCHER,
            path="/StatusNotifierWatcher",
            interface=WATCHER,
            member="RegisterStatusNotifierItem",
            signature="s",
            body=[name],
        )
    )
    return reply is not None and reply.message_type is MessageType.METHOD_RETURN


class _Shown:
    """What is on the bus, and the view it stands for; belongs to the tray's thread."""

    def __init__(self, view: TrayView, on_action: Callable[[TrayAction], None]) -> None:
        self.ended = asyncio.Event()
        self.item = _Item(view, on_action)
        self.menu = _Menu(build_menu(view), on_action)
        self._tasks: set[asyncio.Future[bool]] = set()

    def keep(self, task: "asyncio.Future[bool]") -> None:
        """Hold on to a task until it is done, as asyncio does not."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def update(self, view: TrayView) -> None:
        if view == self.item.view:
            return
        self.item.view = view
        menu = build_menu(view)
        with suppress(OSError), signals_to_bus():  # a bus that has died and is not known to have
            self.item.new_icon()
            self.item.new_tool_tip()
            self.menu.show(menu)


class _Item(ServiceInterface):
    def __init__(self, view: TrayView, on_action: Callable[[TrayAction], None]) -> None:
        super().__init__("org.kde.StatusNotifierItem")
        self.view = view
        self._on_action = on_action

    @dbus_property(access=_READ, name="Category")
    def category(self) -> DBusStr:
        return "ApplicationStatus"

    @dbus_property(access=_READ, name="Id")
    def identity(self) -> DBusStr:
        return "dictation"

    @dbus_property(access=_READ, name="Title")
    def title(self) -> DBusStr:
        return self.view.translate("Dictation")

    @dbus_property(access=_READ, name="Status")
    def status(self) -> DBusStr:
        return "Active"

    @dbus_property(access=_READ, name="WindowId")
    def window_id(self) -> DBusInt32:
        return 0

    @dbus_property(access=_READ, name="IconName")
    def icon_name(self) -> DBusStr:
        return ""

    @dbus_property(access=_READ, name="IconPixmap")
    def icon_pixmap(self) -> Pixmaps:
        return [[size, size, self._argb(size)] for size in _SIZES]

    @dbus_property(access=_READ, name="ToolTip")
    def tool_tip(self) -> ToolTip:
        return ["", [], self.view.translate("Dictation"), self.view.detail or self.view.summary]

    @dbus_property(access=_READ, name="ItemIsMenu")
    def item_is_menu(self) -> DBusBool:
        return False

    @dbus_property(access=_READ, name="Menu")
    def menu_path(self) -> DBusObjectPath:
        return MENU_PATH

    @dbus_method(name="Activate")
    def activate(self, x: DBusInt32, y: DBusInt32) -> None:
        self._on_action(Command("toggle"))

    @dbus_method(name="SecondaryActivate")
    def secondary_activate(self, x: DBusInt32, y: DBusInt32) -> None:
        self._on_action(Command("toggle"))

    @dbus_method(name="ContextMenu")
    def context_menu(self, x: DBusInt32, y: DBusInt32) -> None:
        pass  # the panel draws the menu itself

    @dbus_method(name="Scroll")
    def scroll(self, delta: DBusInt32, orientation: DBusStr) -> None:
        pass

    @dbus_signal(name="NewIcon")
    def new_icon(self) -> None:
        pass

    @dbus_signal(name="NewToolTip")
    def new_tool_tip(self) -> None:
        pass

    def _argb(self, size: int) -> bytes:
        red, green, blue, alpha = draw_icon(self.view.status, self.view.language, size).split()
        planes = (alpha.tobytes(), red.tobytes(), green.tobytes(), blue.tobytes())
        return bytes(value for pixel in zip(*planes, strict=True) for value in pixel)


class _Menu(ServiceInterface):
    def __init__(self, root: MenuItem, on_action: Callable[[TrayAction], None]) -> None:
        super().__init__("com.canonical.dbusmenu")
        self._root = root
        self._revision = 1
        self._on_action = on_action

    def show(self, root: MenuItem) -> None:
        if root != self._root:
            self._root = root
            self._revision += 1
            self.layout_updated()

    @dbus_property(access=_READ, name="Version")
    def version(self) -> DBusUInt32:
        return 3

    @dbus_property(access=_READ, name="Status")
    def status(self) -> DBusStr:
        return "normal"

    @dbus_property(access=_READ, name="TextDirection")
    def text_direction(self) -> DBusStr:
        return "ltr"

    @dbus_property(access=_READ, name="IconThemePath")
    def icon_theme_path(self) -> Names:
        return []

    @dbus_method(name="GetLayout")
    def get_layout(self, parent: DBusInt32, depth: DBusInt32, names: Names) -> Layout:
        return [self._revision, _node(self._find(parent), depth)]

    @dbus_method(name="GetGroupProperties")
    def get_group_properties(self, ids: Numbers, names: Names) -> PropertiesOfMany:
        found = [self._root.find(number) for number in ids] if ids else list(_walk(self._root))
        return [[item.id, _properties(item)] for item in found if item is not None]

    @dbus_method(name="GetProperty")
    def get_property(self, number: DBusInt32, name: DBusStr) -> DBusVariant:
        properties = _properties(self._find(number))
        if name not in properties:
            raise DBusError("com.canonical.dbusmenu.Error", f"no property {name}")
        return properties[name]

    @dbus_method(name="Event")
    def event(
        self, number: DBusInt32, kind: DBusStr, data: DBusVariant, timestamp: DBusUInt32
    ) -> None:
        self._happened(number, kind)

    @dbus_method(name="EventGroup")
    def event_group(self, events: MenuEvents) -> Numbers:
        unknown = []
        for number, kind, _data, _time in events:
            if not self._happened(int(str(number)), str(kind)):
                unknown.append(int(str(number)))
        return unknown

    @dbus_method(name="AboutToShow")
    def about_to_show(self, number: DBusInt32) -> DBusBool:
        return False

    @dbus_method(name="AboutToShowGroup")
    def about_to_show_group(self, ids: Numbers) -> TwoLists:
        return [[], []]

    @dbus_signal(name="LayoutUpdated")
    def layout_updated(self) -> Revision:
        return [self._revision, 0]

    def _happened(self, number: int, kind: str) -> bool:
        item = self._root.find(number)
        if item is not None and item.action is not None and kind == "clicked":
            self._on_action(item.action)
        return item is not None

    def _find(self, number: int) -> MenuItem:
        item = self._root.find(number)
        if item is None:
            raise DBusError("com.canonical.dbusmenu.Error", f"no entry {number}")
        return item


def _walk(item: MenuItem) -> list[MenuItem]:
    return [item, *(below for child in item.children for below in _walk(child))]


def _node(item: MenuItem, depth: int) -> _Node:
    """An entry with `depth` levels below it; -1 stands for all."""
    children = item.children if depth else ()
    return [
        item.id,
        _properties(item),
        [Variant("(ia{sv}av)", _node(child, depth - 1)) for child in children],
    ]


def _properties(item: MenuItem) -> _Properties:
    if item.kind == "separator":
        return {"type": Variant("s", "separator")}
    properties = {
        # An underscore would mark a letter as the access key.
        "label": Variant("s", item.label.replace("_", "__")),
        "enabled": Variant("b", item.enabled),
        "visible": Variant("b", True),
    }
    if item.kind == "submenu":
        properties["children-display"] = Variant("s", "submenu")
    if item.kind in ("radio", "check"):
        kind = "radio" if item.kind == "radio" else "checkmark"
        properties["toggle-type"] = Variant("s", kind)
        properties["toggle-state"] = Variant("i", int(item.checked))
    return properties
