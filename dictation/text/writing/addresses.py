"""Addresses that are read out: example dot com, john at example dot com, 一九二点一六八点…"""

import re

from dictation.text.writing.english_grammar import SPOKEN_PART, value_of

_ENDINGS = "com|org|net|io|cn|edu|gov|dev|ai|app|co|uk|de|hk|tw|info"
_NAME = "[A-Za-z0-9][A-Za-z0-9_-]*"
_FIRST, _LAST = r"(?<![A-Za-z0-9_.@-])", r"(?![A-Za-z0-9_-])"
# "The dot com bubble" has no name before it.
_HOST = re.compile(
    rf"{_FIRST}(?!(?:a|an|the|every|this|that|these|those|of|old|first|is|are|and|dot)\b)"
    rf"{_NAME}(?:(?: dot |点|\.){_NAME})*?(?: dot | ?点 ?)(?:{_ENDINGS}){_LAST}"
    rf"(?:(?: dot |点)(?:{_ENDINGS}){_LAST})*",
    re.IGNORECASE,
)
_MAILBOX = re.compile(
    rf"{_FIRST}(?!(?:me|you|us|him|her|them|it|look|is)\b)({_NAME}(?: dot {_NAME})?) at "
    rf"(?=(?:{_NAME}\.)+(?:{_ENDINGS}){_LAST})",
    re.IGNORECASE,
)
_CHINESE_AT = re.compile(
    rf"{_FIRST}({_NAME}) ?(?:艾特|圈[aA]) ?(?=(?:{_NAME}\.)+(?:{_ENDINGS}){_LAST})", re.IGNORECASE
)
_MAIL = re.compile(r"\be-?mail|\bmail\b|\baddress\b|\bcontact\b|邮箱|邮件", re.IGNORECASE)
_FOUR_NUMBERS = re.compile(
    rf"{_FIRST}{SPOKEN_PART}(?: dot {SPOKEN_PART}){{3}}{_LAST}", re.IGNORECASE
)


def write_addresses(text: str) -> str:
    """Write the names of computers, pages and mailboxes as they are typed.

    A mailbox only where a mail is spoken of: "look at example dot com" is none.
    """
    text = _FOUR_NUMBERS.sub(_numbers, text)
    text = _HOST.sub(lambda host: re.sub(" dot | ?点 ?", ".", host.group()), text)
    text = _MAILBOX.sub(_mailbox, text)
    return _CHINESE_AT.sub(r"\1@", text)


def _mailbox(match: re.Match[str]) -> str:
    if not _MAIL.search(match.string, 0, match.start()):
        return match.group()
    return match[1].replace(" dot ", ".") + "@"


def _numbers(address: re.Match[str]) -> str:
    return ".".join(map(_number, re.split(" dot ", address.group(), flags=re.IGNORECASE)))


def _number(spoken: str) -> str:
    """One of the four: one nine two, one ninety two, ten, zero."""
    first, _, rest = spoken.partition(" ")
    two_digits = re.match("(?:ten|eleven|twelve|.*teen|.*ty)", rest, re.IGNORECASE)
    return value_of(first) + value_of(rest) if two_digits else value_of(spoken)
