"""Changes a few settings in the user's file and leaves the rest of it, comments too, as it is."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from dictation.config import ConfigError, Settings, parse_settings

_HEADER = "Settings that differ from the defaults."


def save_settings(path: Path, changes: Mapping[str, object]) -> Settings:
    """Write `changes` ("section.name" to value) into a settings file and return what then holds.

    What is not in the file and would only repeat a default stays out of it. The file is replaced
    as a whole, so that a full disk leaves the old one; links are followed. Raises ConfigError, and
    changes nothing, when the result would not be valid or cannot be written.
    """
    target = path.resolve()
    old = _read(target)
    new = _changed(old, changes, path)
    settings = parse_settings(new, path)
    if new != old:
        _replace(target, new, path)
    return settings


def _read(target: Path) -> str:
    try:
        return target.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ConfigError(f"{target}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{target}: is not UTF-8 text (byte {error.start})") from error


def _changed(text: str, changes: Mapping[str, object], path: Path) -> str:
    try:
        document = tomlkit.parse(text)
    except (TOMLKitError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}") from error
    if not text:
        document.add(tomlkit.comment(_HEADER))
    defaults = Settings().model_dump()
    for key, value in changes.items():
        section, _, name = key.partition(".")
        usual = defaults[section][name] if name else defaults[section]
        holder = document.get(section) if name else document
        last = name or section
        if holder is None:
            if value == usual:
                continue
            holder = document[section] = tomlkit.table()
        if last not in holder and value == usual:
            continue
        _put(holder, last, value)
    return tomlkit.dumps(document)


def _put(holder: dict[str, object], name: str, value: object) -> None:
    """Set a value; the comment behind the old one stays."""
    item = tomlkit.item(value)
    old = holder.get(name)
    if old is not None and hasattr(old, "trivia") and hasattr(item, "trivia"):
        item.trivia.comment_ws, item.trivia.comment = old.trivia.comment_ws, old.trivia.comment
        item.trivia.trail = old.trivia.trail
    holder[name] = item


def _replace(target: Path, text: str, path: Path) -> None:
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            # For its owner only, as mkstemp made it: phrases of spoken commands are in it.
            Path(name).replace(target)
        except OSError:
            with suppress(FileNotFoundError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error
