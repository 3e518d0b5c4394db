"""Capitals: at the start of sentences, and of names and acronyms wherever they stand."""

import re
from functools import cache
from importlib.resources import files

from dictation.text.writing.spacing import is_chinese

_WORD = re.compile(r"(?<![\w@/.\\-])[A-Za-z][A-Za-z0-9]*(?:-[Ff]i)?(?![\w@/\\]|\.\w|://)")
_SPELT = re.compile(r"(?<![\w'’])[A-Za-z](?: [A-Za-z]){1,4}(?![\w'’])")
_PAIR = re.compile(r"\b([QR]) and ([AD])\b")
_C = re.compile(r"(?<![\w.-])c(?=\+\+|#)")
_GPT = re.compile(r"(?<![A-Za-z])gpt[ -]?(\d(?:\.\d)?)(?: ?(o)(?![A-Za-z]))?", re.IGNORECASE)
_WINDOWS = re.compile(r"(?<![A-Za-z])windows(?= ?(?:\d|XP|Vista|系统|电脑|版))", re.IGNORECASE)
_JSON = re.compile(
    r"(?<![A-Za-z])jason"
    r"(?= ?(?:格式|文件|字符串|对象|数组|(?:file|format|object|parser|schema)s?\b))",
    re.IGNORECASE,
)
_LETTER = re.compile(
    "(?<![A-Za-z0-9.'’+-])(?:[b-z]|(?<![A-Za-z] )a)(?= ?"
    "(?:盘|恤|光|歌|股|超|座|站|轮|型|级|区|组|班|栋|楼|队|罩杯|类|口|计划|方案|选项|位|端|币|字))"
)
_I = re.compile(r"(?<![\w.'’-])i(?=$|[\s,.?!;:，。？！]|['’](?:m|ve|ll|d|re)\b)")
_MONTH = re.compile(
    r"\b((?:on|in|by|of|since|until|till|before|after|from|this|last|next|every|early|late) )"
    r"(march|may|august)\b(?! (?:be|have|not)\b)"
)
_TITLE = re.compile(r"\b(Mister|Missus|Doctor)(?= [A-Z][a-z])")
_TITLES = {"Mister": "Mr.", "Missus": "Mrs.", "Doctor": "Dr."}
_ABBREVIATION = re.compile(
    r"(?<![A-Za-z])(?:e\.g|i\.e|[ap]\.m|u\.s|p\.s|ph\.d|etc|vs|approx|no)\.\s*$", re.IGNORECASE
)
_SENTENCE = re.compile(r"[^。？！?!\n]*")
_START = re.compile(
    r"((?:^|\n|[.?!]\s|[。？！])\s*[\"'“‘(]*)([a-z])(?=[a-z]*(?:[\s,?!;:'’-]|\.(?!\w)|$|[^\x00-\x7f]))"
)


def capitalize(text: str, *, at_start: bool = True) -> str:
    """Write names, acronyms, I, and the first letters of sentences in capitals.

    A Chinese sentence that begins with an English word begins small: "server 又 down 了".

    `at_start`: the text begins a sentence, rather than going on with one.
    """
    text = _SPELT.sub(_joined, text)
    text = _WORD.sub(lambda word: _names().get(word.group().lower(), word.group()), text)
    text = _several_words().sub(lambda name: _names()[name.group().lower()], text)
    text = _PAIR.sub(r"\1&\2", text)
    text = _C.sub("C", text)
    text = _GPT.sub(r"GPT-\1\2", text)
    text = _WINDOWS.sub("Windows", text)
    text = _JSON.sub("JSON", text)
    text = _LETTER.sub(lambda letter: letter.group().upper(), text)
    text = _I.sub("I", text)
    text = _MONTH.sub(lambda month: month[1] + month[2].capitalize(), text)
    text = _TITLE.sub(lambda title: _TITLES[title.group()], text)

    def first(match: re.Match[str]) -> str:
        if ends_with_abbreviation(text[: match.start() + 1]):
            return match.group()
        sentence = _SENTENCE.match(match.string, match.start(2))
        if (match.start() == 0 and not at_start) or (sentence and is_chinese(sentence.group())):
            return match.group()
        return match.group(1) + match.group(2).upper()

    return _START.sub(first, text)


def ends_with_abbreviation(text: str) -> bool:
    """Whether the full stop at the end of a text need not end a sentence: at 3 p.m., e.g."""
    return _ABBREVIATION.search(text) is not None


def _joined(spelt: re.Match[str]) -> str:
    """Letters said one by one, when together they are an acronym."""
    return _names().get(spelt.group().replace(" ", "").lower(), spelt.group())


@cache
def _names() -> dict[str, str]:
    """Names and acronyms that are no other word in lower case, by how they are heard."""
    text = files(__package__).joinpath("names.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    names = [name.replace("_", " ") for line in lines for name in line.split()]
    return {name.lower(): name for name in names}


@cache
def _several_words() -> re.Pattern[str]:
    names = "|".join(name for name in _names() if " " in name)
    return re.compile(f"(?<![A-Za-z0-9-])(?:{names})(?![A-Za-z0-9-])", re.IGNORECASE)
