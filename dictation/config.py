"""config.toml -> validated, typed settings."""

import difflib
import json
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from dictation.errors import DictationError

_SHOWN_VALUE = 60


class ConfigError(DictationError):
    """A settings file that cannot be used; the message names file, key, value and what is right.

    `key` is the setting at fault, such as "audio.device", where it is one.
    """

    def __init__(self, text: str, key: str | None = None) -> None:
        super().__init__(text)
        self.key = key


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ModelSection(_Section):
    """Which model recognises, and on what."""

    name: Annotated[str, Field(min_length=1)] = "starter"
    device: Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")] = "auto"
    precision: Literal["auto", "fp32", "bf16", "fp16", "int8"] = "auto"
    threads: Annotated[int, Field(ge=0, le=256)] = 0


class RecognitionSection(_Section):
    """What is spoken, how often the caption is renewed, the user's words, and the finished text."""

    language: Literal["auto", "zh", "en"] = "auto"
    chunk_ms: Literal[320, 640] = 320
    captions: Literal["ctc", "decoder"] = "decoder"
    window_ms: Annotated[int, Field(ge=0, le=10_000)] = 2560
    hot_words: str = ""
    final: Literal["auto", "rescore", "refine", "search"] = "auto"
    n_best: Annotated[int, Field(ge=1, le=100)] = 10
    beam: Annotated[int, Field(ge=1, le=100)] = 3
    ctc_weight: Annotated[float, Field(ge=0.0, le=10.0)] = 0.5
    reverse_weight: Annotated[float, Field(ge=0.0, le=1.0)] = 0.3
    length_weight: Annotated[float, Field(ge=-10.0, le=10.0)] = 0.0
    max_distance: Annotated[float, Field(ge=0.0, le=1.0)] = 0.75
    language_model: bool = True
    blank_threshold: Annotated[float, Field(ge=0.0, le=1.0)] = 0.8


class AudioSection(_Section):
    """The microphone, and the sound around a key press that belongs to it."""

    device: str = ""
    keep_open: bool = True
    pre_roll_ms: Annotated[int, Field(ge=0, le=2000)] = 500
    post_roll_ms: Annotated[int, Field(ge=0, le=1000)] = 160


class SegmenterSection(_Section):
    """Where an utterance starts and ends."""

    start_ms: Annotated[int, Field(ge=10, le=150)] = 90
    end_ms: Annotated[int, Field(ge=100, le=5000)] = 600
    max_seconds: Annotated[float, Field(ge=5.0, le=30.0)] = 20.0
    aggressiveness: Annotated[int, Field(ge=0, le=3)] = 2


class EndpointSection(_Section):
    """Where an utterance ends by what is recognised."""

    ctc: bool = True
    no_words_ms: Annotated[int, Field(ge=500, le=60000)] = 5000
    after_words_ms: Annotated[int, Field(ge=300, le=60000)] = 1500
    longest_ms: Annotated[int, Field(ge=1000, le=60000)] = 20000


class HotkeySection(_Section):
    """The keys that work whichever window has the focus; an empty one is none."""

    key: Annotated[str, Field(min_length=1)] = "F9"
    cancel: str = "Escape"
    undo: str = ""
    language: str = ""
    backend: Literal["auto", "x11", "portal", "evdev"] = "auto"
    mode: Literal["hold", "toggle", "double-tap", "hands-free"] = "hold"


RouteSetting = Literal[
    "auto", "ibus", "x11", "xtest", "wayland", "wtype", "portal", "windows", "macos", "clipboard"
]


class OutputSection(_Section):
    """How the text reaches a window."""

    route: RouteSetting = "auto"
    preedit: bool = True
    trailing_space: bool = True
    on_focus_change: Literal["hold", "follow", "clipboard"] = "hold"
    terminal_newlines: Literal["space", "keep"] = "space"
    passwords: bool = False


class ApplicationTextSection(_Section):
    """Steps of [text] that are otherwise in some programs; None: as there."""

    numbers: bool | None = None
    punctuation: Literal["auto", "spoken", "off"] | None = None
    capitals: bool | None = None
    spacing: bool | None = None
    script: Literal["simplified", "traditional"] | None = None
    remove_fillers: bool | None = None
    sound_alikes: bool | None = None
    commands: bool | None = None


class ApplicationSection(_Section):
    """What differs in programs whose window class or app id fits `match`, a shell pattern."""

    match: Annotated[str, Field(min_length=1)]
    route: RouteSetting = "auto"
    paste_keys: str = ""
    trailing_space: bool | None = None
    formatting: bool = True
    text: ApplicationTextSection = Field(default_factory=ApplicationTextSection)


class CaptionsSection(_Section):
    """The window that shows the words while they are spoken."""

    enabled: bool = True
    theme: Literal["auto", "light", "dark"] = "auto"
    position: Literal["bottom", "top"] = "bottom"
    monitor: Annotated[str, Field(min_length=1)] = "focus"
    font_size: Annotated[int, Field(ge=8, le=96)] = 22
    width: Annotated[int, Field(ge=240, le=4000)] = 760
    lines: Annotated[int, Field(ge=1, le=12)] = 3
    linger_seconds: Annotated[float, Field(ge=0.0, le=30.0)] = 1.5


class TraySection(_Section):
    """The icon in the system tray."""

    enabled: bool = True


class SoundsSection(_Section):
    """The short sounds at start, stop and error."""

    enabled: bool = False
    volume: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5


class InterfaceSection(_Section):
    """The language of menus and messages."""

    language: Literal["auto", "zh", "en"] = "auto"


class TextSection(_Section):
    """How what was said is written."""

    numbers: bool = True
    punctuation: Literal["auto", "spoken", "off"] = "auto"
    capitals: bool = True
    spacing: bool = True
    script: Literal["simplified", "traditional"] = "simplified"
    remove_fillers: bool = False
    sound_alikes: bool = True
    commands: bool = True
    lead_word: str = ""
    continue_seconds: Annotated[float, Field(ge=0.0, le=3600.0)] = 60.0


class HistorySection(_Section):
    """What was said, kept for its owner."""

    enabled: bool = True
    days: Annotated[int, Field(ge=0, le=36500)] = 90
    entries: Annotated[int, Field(ge=0, le=10_000_000)] = 5000


class WebSection(_Section):
    """The page for audio files."""

    port: Annotated[int, Field(ge=1024, le=65535)] = 8501
    max_upload_mb: Annotated[int, Field(ge=1, le=4096)] = 1024


class Settings(_Section):
    """Every setting; config.toml at the top of the project says what each one does."""

    model: ModelSection = ModelSection()
    recognition: RecognitionSection = RecognitionSection()
    audio: AudioSection = AudioSection()
    segmenter: SegmenterSection = SegmenterSection()
    endpoint: EndpointSection = EndpointSection()
    hotkey: HotkeySection = HotkeySection()
    output: OutputSection = OutputSection()
    captions: CaptionsSection = CaptionsSection()
    tray: TraySection = TraySection()
    sounds: SoundsSection = SoundsSection()
    interface: InterfaceSection = InterfaceSection()
    text: TextSection = TextSection()
    commands: dict[str, str] = Field(default_factory=dict)
    web: WebSection = WebSection()
    history: HistorySection = HistorySection()
    application: list[ApplicationSection] = Field(default_factory=list)


def user_settings_file() -> Path:
    """Where a user's own settings are looked for."""
    return platformdirs.user_config_path("dictation") / "config.toml"


def hot_words_file(section: RecognitionSection) -> Path:
    """Where the user's words are, whether there are any or not. Raises ConfigError."""
    if section.hot_words:
        key = "recognition.hot_words"
        try:
            return Path(section.hot_words).expanduser()
        except RuntimeError as error:
            raise ConfigError(
                f"{key} is {section.hot_words!r}: there is no such user", key
            ) from error
    return user_settings_file().with_name("words.txt")


def load_settings(user_file: Path | None = None) -> Settings:
    """Read the settings: those of `user_file` over the defaults.

    Without `user_file` the platform's own place is looked at, and nothing need be there. Raises
    ConfigError for a file that cannot be read or holds anything that is not a setting.
    """
    path = user_file or user_settings_file()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        if user_file is None:
            return Settings()
        raise ConfigError(f"{path}: there is no such file") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    return parse_settings(text, path)


def parse_settings(text: str, path: Path) -> Settings:
    """Check the `text` of a settings file; `path` is for the messages of ConfigError."""
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # of thousands of digits, or of brackets, too
        raise ConfigError(f"{path}: is not valid TOML: {error}") from error
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        details = error.errors(include_url=False)
        more = len(details) - 1
        also = f" (and {more} more)" if more else ""
        key = ".".join(str(part) for part in details[0]["loc"])
        raise ConfigError(f"{path}: {_explain(details[0], values)}{also}", key) from error


def documented_settings() -> str:
    """Return the text of config.toml, which documents every setting with its default."""
    packaged = resources.files("dictation") / "config.toml"
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return (Path(__file__).parents[1] / "config.toml").read_text(encoding="utf-8")


def _explain(detail: ErrorDetails, values: Mapping[str, Any]) -> str:
    location = [str(part) for part in detail["loc"]]
    key = ".".join(location)
    if detail["type"] == "extra_forbidden":
        return f"{key} is not a setting; {_suggest(location, values)}"
    shown = json.dumps(detail["input"], ensure_ascii=False, default=str)
    if len(shown) > _SHOWN_VALUE:
        shown = shown[:_SHOWN_VALUE] + "…"
    return f"{key} is {shown}, but takes {_allowed(location)}"


def _suggest(location: list[str], values: Mapping[str, Any]) -> str:
    *sections, name = location
    siblings = list(_schema(sections)["properties"])
    close = difflib.get_close_matches(name, siblings, n=1)
    if close:
        return f"did you mean {'.'.join([*sections, close[0]])}?"
    homes = [
        home for home in Settings.model_fields if name in _schema([home]).get("properties", {})
    ]
    if homes and not isinstance(values.get(name), dict):
        return f"did you mean {homes[0]}.{name}?"
    where = f"[{'.'.join(sections)}]" if sections else "the file"
    return f"{where} takes {', '.join(siblings)}"


def _schema(location: list[str]) -> dict[str, Any]:
    schema = Settings.model_json_schema()
    sections = schema["$defs"]
    for part in location:
        if part.isdigit():  # a place in a list of tables
            schema = schema["items"]
        else:
            schema = schema.get("properties", {}).get(part, schema)
        schema = schema.get("anyOf", [schema])[0]  # the other one stands for "not given"
        schema = sections[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return schema


def _allowed(location: list[str]) -> str:
    match _schema(location):
        case {"enum": choices}:
            return " or ".join(json.dumps(choice) for choice in choices)
        case {"pattern": _}:
            return '"auto", "cpu", "mps", "cuda" or "cuda:N"'
        case {"type": "boolean"}:
            return "true or false"
        case {"type": "integer", "minimum": low, "maximum": high}:
            return f"a whole number from {low} to {high}"
        case {"type": "number", "minimum": low, "maximum": high}:
            return f"a number from {low:g} to {high:g}"
        case {"type": "string", "minLength": _}:
            return "text that is not empty"
        case {"properties": _}:
            return f"a table: [{location[0]}]"
        case {"type": "array"}:
            return f"blocks that start with [[{location[0]}]]"
        case _:
            return "text"
