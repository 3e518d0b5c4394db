"""From the words a CTC head gives to text as people write it, where no decoder does that."""

import re

from dictation.text.normalize import is_cjk

_DIGITS = dict(zip("零幺一二三四五六七八九", "01123456789", strict=True))
_DIGIT_RUN = re.compile(
    r"(?<![点百千万十第零幺一二三四五六七八九])[零幺一二三四五六七八九]{3,}(?![点百千万十个年])"
)
_ENGLISH_DIGITS = {
    "oh": "0",
    "zero": "0",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
}
_SENTENCE_END = "。？！.?!"


def format_words(text: str) -> str:
    """Write recognised words out: digit strings in digits, I and the first letter in capitals, and
    a full stop."""
    text = _DIGIT_RUN.sub(lambda run: "".join(_DIGITS[c] for c in run.group()), text)
    text = _english_digit_runs(text)
    text = re.sub(r"\bi(?=\b)", "I", text)
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    if text[-1] not in _SENTENCE_END:
        text += "。" if any(map(is_cjk, text)) else "."
    return text


def _english_digit_runs(text: str) -> str:
    words = text.split(" ")
    written: list[str] = []
    index = 0
    while index < len(words):
        end = index
        while end < len(words) and words[end] in _ENGLISH_DIGITS:
            end += 1
        if end - index >= 3:
            written.append("".join(_ENGLISH_DIGITS[word] for word in words[index:end]))
        else:
            end = max(end, index + 1)
            written += words[index:end]
        index = end
    return " ".join(written)


def space_scripts(text: str) -> str:
    """Put one space where Chinese meets Latin letters or digits, none beside full-width marks."""
    text = re.sub(r"(?<=[\u4e00-\u9fff])(?=[A-Za-z0-9])", " ", text)
    text = re.sub(r"(?<=[A-Za-z0-9%])(?=[\u4e00-\u9fff])", " ", text)
    return re.sub(r"\s*([，。？！；：、])\s*", r"\1", text).strip()


_ASCII_MARKS = {",": "，", ".": "。", "?": "？", "!": "！", ";": "；", ":": "："}


def full_width_marks(text: str) -> str:
    """Make marks that follow Chinese full-width, and the last mark of a text in which Chinese
    characters are not fewer than Latin words."""
    text = re.sub(
        r"(?<=[\u4e00-\u9fff])\s*([,.?!;:])(?!\d)", lambda mark: _ASCII_MARKS[mark.group(1)], text
    )
    chinese = sum(map(is_cjk, text))
    latin = len(re.findall(r"[A-Za-z0-9]+", text))
    if chinese >= max(1, latin) and text[-1:] in _ASCII_MARKS and text[-1] != ":":
        text = text[:-1] + _ASCII_MARKS[text[-1]]
    return text
