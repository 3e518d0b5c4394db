"""The settings as fields of a form, read off the same schema that checks config.toml. Pure."""

import sys
import tomllib
from dataclasses import dataclass
from typing import Any, Literal

import tomlkit

from dictation.config import Settings
from dictation.desktop.keys import KeySpecError, parse_key
from dictation.errors import DictationError
from dictation.messages import Translate
from dictation.preferences.labels import CHORDS

Kind = Literal["switch", "choice", "whole", "number", "text", "chord", "toml"]

_UNIT = {"integer": "whole", "number": "number", "boolean": "switch", "string": "text"}


class FieldError(DictationError):
    """What stands in a field cannot be a value of its setting; in the user's language."""


@dataclass(frozen=True, slots=True)
class Field:
    """A setting: where it stands, what it takes, and its default.

    `name` is empty for a setting that is a section of its own; `low` and `high` bound numbers;
    `choices` are the only values of a choice.
    """

    section: str
    name: str
    kind: Kind
    default: object
    choices: tuple[object, ...] = ()
    low: float | None = None
    high: float | None = None
    required: bool = False

    @property
    def key(self) -> str:
        """Its place in the file, such as "audio.device"."""
        return f"{self.section}.{self.name}" if self.name else self.section


def fields() -> tuple[Field, ...]:
    """Every setting, in the order of config.toml."""
    defaults = Settings().model_dump()
    schema = Settings.model_json_schema()
    found = []
    for section, outer in schema["properties"].items():
        inner = schema["$defs"].get(outer.get("$ref", "").rpartition("/")[2])
        if inner is None:
            found.append(_field(section, "", outer, defaults[section]))
            continue
        for name, each in inner["properties"].items():
            found.append(_field(section, name, each, defaults[section][name]))
    return tuple(found)


def value_of(settings: Settings, field: Field) -> object:
    """What a setting is set to."""
    values = settings.model_dump(exclude_none=True)
    return values[field.section][field.name] if field.name else values[field.section]


def shown(field: Field, value: object) -> str:
    """A value as it stands in the field."""
    match field.kind:
        case "toml":
            return _inline(value)
        case "number":
            return f"{value:g}"
        case _:
            return str(value)


def read(field: Field, text: str, translate: Translate) -> object:
    """The value that stands in a field. Raises FieldError, in the user's language."""
    text = text.strip()
    match field.kind:
        case "switch":
            return text == "True"
        case "choice":
            return _choice(field, text, translate)
        case "whole" | "number":
            return _number(field, text, translate)
        case "toml":
            return _table(text, translate)
        case _:
            if field.required and not text:
                raise FieldError(translate("This must not be empty"))
            if field.kind == "chord":
                _check_chord(text, translate)
            return text


def _choice(field: Field, text: str, translate: Translate) -> object:
    for choice in field.choices:
        if str(choice) == text:
            return choice
    listed = ", ".join(str(choice) for choice in field.choices)
    raise FieldError(translate("Takes one of: {choices}").format(choices=listed))


def _number(field: Field, text: str, translate: Translate) -> int | float:
    try:
        value = int(text) if field.kind == "whole" else float(text)
    except ValueError:
        value = float("nan")
    low, high = field.low, field.high
    if low is not None and high is not None and not low <= value <= high:
        sentence = (
            translate("Takes a whole number from {low} to {high}")
            if field.kind == "whole"
            else translate("Takes a number from {low} to {high}")
        )
        raise FieldError(sentence.format(low=f"{low:g}", high=f"{high:g}"))
    return value


def _table(text: str, translate: Translate) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise FieldError(translate("Is not valid TOML: {error}").format(error=error)) from error


def _check_chord(text: str, translate: Translate) -> None:
    if not text:
        return
    sentence = translate("Takes a key such as F9 or Ctrl+Alt+space: {error}")
    try:
        spec = parse_key(text)
    except KeySpecError as error:
        raise FieldError(sentence.format(error=error)) from error
    if sys.platform == "linux":
        from dictation.desktop.x11 import keysym

        if not keysym(spec.key):
            raise FieldError(sentence.format(error=spec.key))


def _inline(value: object) -> str:
    """A value as TOML on as few lines as can be."""
    if isinstance(value, dict):
        pairs = (f"{tomlkit.item(str(key)).as_string()} = {_inline(value[key])}" for key in value)
        inside = ", ".join(pairs)
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return "[\n" + "".join(f"  {_inline(each)},\n" for each in value) + "]" if value else "[]"
    return str(tomlkit.item(value).as_string())


def _field(section: str, name: str, schema: dict[str, Any], default: object) -> Field:
    key = f"{section}.{name}"
    if "enum" in schema:
        return Field(section, name, "choice", default, tuple(schema["enum"]))
    kind = _UNIT.get(schema.get("type", ""), "toml")
    return Field(
        section,
        name,
        "chord" if key in CHORDS else kind,  # type: ignore[arg-type]
        default,
        low=schema.get("minimum"),
        high=schema.get("maximum"),
        required="minLength" in schema or "pattern" in schema,
    )
