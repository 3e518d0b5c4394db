"""From the words a CTC head gives to text as people write it, where no decoder does that."""

from dictation.text.normalize import is_cjk
from dictation.text.writing.capitals import capitalize
from dictation.text.writing.numbers import write_numbers

_SENTENCE_END = "。？！.?!"


def format_words(text: str) -> str:
    """Write recognised words out: numbers in digits, capitals, and a full stop."""
    if not text:
        return ""
    text = capitalize(write_numbers(text))
    if text[-1] not in _SENTENCE_END:
        text += "。" if any(map(is_cjk, text)) else "."
    return text
