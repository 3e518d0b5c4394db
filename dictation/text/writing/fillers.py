"""Words that only fill a pause."""

import re

_CHINESE = re.compile(
    r"(?:嗯+|呃+|额+(?=[，,…]))[，,、…]?\s*|(?:那个|这个)[，,、…]+\s*|(那个|这个|就是)[，,、\s]*(?=\1)"
)
_ENGLISH = re.compile(r"(?<![\w'’-])(?:um+|uh+|erm+|hmm+)(?![\w'’-])[,，.…]*\s*", re.IGNORECASE)


def remove_fillers(text: str) -> str:
    """Take 嗯, 呃, um and uh away, and 那个 where it is set apart or said twice."""
    without = _ENGLISH.sub("", _CHINESE.sub("", text))
    if without == text:
        return text
    if not any(map(str.isalnum, without)):
        return text if re.search("[？?]", text) else ""
    without = re.sub(r"^[\s，。,.、]+|[，,、]+(?=[。？！.?!]|$)", "", without)
    without = re.sub(r"\s+(?=[,.?!])", "", without)
    starts_high = text.lstrip()[:1].isupper()
    return without[:1].upper() + without[1:] if starts_high else without
