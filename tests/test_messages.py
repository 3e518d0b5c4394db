"""Every text the user sees is translated, and the catalogues hold nothing else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from dictation.messages import interface_language, read_catalogue, translator

PACKAGE = Path(__file__).parents[1] / "dictation"
CHINESE = (PACKAGE / "messages" / "zh_CN.po").read_text(encoding="utf-8")
MARKERS = {"translate", "_translate", "message", "AudioFileError"}


def marked_texts() -> Iterator[str]:
    """What stands between the brackets of `translate(...)` and its like."""
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
            text = node.args[0]
            if name in MARKERS and isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield text.value


def test_every_text_has_a_translation_and_none_is_left_over() -> None:
    assert set(marked_texts()) == set(read_catalogue(CHINESE))


def test_a_translation_fills_in_the_same_values() -> None:
    def values(text: str) -> set[str]:
        return set(re.findall(r"\{\w*\}", text))

    for english, chinese in read_catalogue(CHINESE).items():
        assert values(english) == values(chinese), english


def test_no_text_is_translated_twice() -> None:
    texts = re.findall(r'^msgid "(.+)"$', CHINESE, re.MULTILINE)
    assert len(texts) == len(set(texts))


def test_the_english_is_the_source_and_an_unknown_text_stays() -> None:
    assert translator("en")("Ready") == "Ready"
    assert translator("zh")("Ready") == "就绪"
    assert translator("zh")("no such text") == "no such text"


def test_po_files_are_read_as_gettext_reads_them() -> None:
    assert read_catalogue(
        '# for translators\nmsgid ""\nmsgstr "Language: zh\\n"\n\n'
        '#: place.py:3\nmsgid ""\n"two "\n"\\"parts\\""\nmsgstr "两\\n"\n"段"\n\n'
        'msgid "not yet"\nmsgstr ""\n\n'
        '#, python-format, fuzzy\nmsgid "guessed"\nmsgstr "猜"\n\n'
        '#~ msgid "gone"\n#~ msgstr "没了"\n'
    ) == {'two "parts"': "两\n段"}


def test_the_interface_follows_the_setting_then_the_locale() -> None:
    assert interface_language("auto", "zh_CN.UTF-8") == "zh"
    assert interface_language("en", "zh_CN.UTF-8") == "en"
    assert interface_language("auto", "de_DE") == "en"
