"""What the user reads: English in the source, other languages from gettext catalogues.

A text is translated where it is shown, by `translate("Ready")`; one that stands in a table until
then is marked with `message("Ready")`. Both names are what `make messages` looks for. Catalogues
are read as they are, so that there is no compiled file to fall behind.
"""

import ast
import re
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Literal

from dictation.events import Language

InterfaceLanguage = Literal["zh", "en"]
LanguageSetting = Literal["auto", "zh", "en"]
Translate = Callable[[str], str]

_CATALOGUES: dict[InterfaceLanguage, str] = {"zh": "zh_CN.po"}
_ENTRY = re.compile(r'^(msgid|msgstr)?\s*(".*")$')


def message(text: str) -> str:
    """Mark a text for the catalogues and return it as it is (gettext's N_)."""
    return text


LANGUAGE_NAMES: dict[Language, str] = {
    "zh": message("Chinese"),
    "en": message("English"),
    "mix": message("Mixed"),
}


def interface_language(setting: LanguageSetting, locale: str) -> InterfaceLanguage:
    """The language to speak to the user: the one set, else the session's."""
    if setting != "auto":
        return setting
    return "zh" if locale.lower().startswith("zh") else "en"


@cache
def translator(language: InterfaceLanguage) -> Translate:
    """A function from an English text to the one to show; a text without translation stays."""
    name = _CATALOGUES.get(language)
    if name is None:
        return message
    texts = read_catalogue((resources.files(__name__) / name).read_text(encoding="utf-8"))
    return lambda text: texts.get(text, text)


def read_catalogue(text: str) -> dict[str, str]:
    """The translations of a .po file; those left empty or marked fuzzy are not among them.

    Source: "The Format of PO Files" in the manual of GNU gettext.
    """
    found: dict[str, str] = {}
    for entry in re.split(r"\n\s*\n", text):
        parts = {"msgid": "", "msgstr": ""}
        part = "msgid"
        for line in entry.splitlines():
            if match := _ENTRY.match(line.strip()):
                part = match[1] or part
                parts[part] += ast.literal_eval(match[2])
        fuzzy = re.search(r"^#,.*\bfuzzy\b", entry, re.MULTILINE)
        if parts["msgid"] and parts["msgstr"] and not fuzzy:
            found[parts["msgid"]] = parts["msgstr"]
    return found
