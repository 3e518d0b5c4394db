"""IBus's values as D-Bus variants.

Source: IBus 1.5, src/ibusserializable.c and the _serialize functions of ibustext.c,
ibusattribute.c, ibuscomponent.c and ibusenginedesc.c.
"""

from enum import IntFlag

from dbus_fast import Variant

_UNDERLINE, _SINGLE = 1, 1


class ClientCapabilities(IntFlag):
    """What a text field's client can do (IBusCapabilite)."""

    PREEDIT_TEXT = 1
    AUXILIARY_TEXT = 2
    FOCUS = 8
    SURROUNDING_TEXT = 32


NO_CAPABILITIES = ClientCapabilities(0)

PASSWORD_PURPOSES = frozenset((8, 9))
"""PASSWORD and PIN of IBusInputPurpose."""


def ibus_text(text: str, *, underlined: bool = False) -> Variant:
    """A text, underlined as what is not there yet usually is. Positions count characters."""
    line = [_attribute(_UNDERLINE, _SINGLE, 0, len(text))] if underlined and text else []
    attributes = Variant("(sa{sv}av)", ["IBusAttrList", {}, line])
    return Variant("(sa{sv}sv)", ["IBusText", {}, text, attributes])


def text_of(value: Variant) -> str:
    """The characters of an IBusText."""
    return str(value.value[2])


def component(name: str, description: str, engine: str, version: str) -> Variant:
    """An IBusComponent with one engine that changes neither layout nor keys."""
    fields = [name, description, version, "Apache-2.0", "Dictation", "", "", "dictation"]
    engines = [_engine_description(engine, description, version)]
    return Variant("(sa{sv}ssssssssavav)", ["IBusComponent", {}, *fields, [], engines])


def engine_name(value: Variant) -> str:
    """The name in an IBusEngineDesc, such as "libpinyin"."""
    return str(value.value[2])


def _engine_description(name: str, description: str, version: str) -> Variant:
    before_rank = [
        name,
        "Dictation",
        description,
        "other",
        "Apache-2.0",
        "Dictation",
        "",
        "default",
    ]
    after_rank = ["", "", "", "", "", version, "dictation", ""]
    values = ["IBusEngineDesc", {}, *before_rank, 0, *after_rank]
    return Variant("(sa{sv}ssssssssussssssss)", values)


def _attribute(kind: int, value: int, start: int, end: int) -> Variant:
    return Variant("(sa{sv}uuuu)", ["IBusAttribute", {}, kind, value, start, end])
