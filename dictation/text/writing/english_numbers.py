"""English numbers in running text: which of them a typist writes in digits, and how.

wetext knows what a number is worth; that "two hours" stays in words and "half past three" becomes
3:30, where it would write 2 h and 03:30, is decided here.
"""

import re
from collections.abc import Callable
from functools import cache

_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
)  # fmt: skip
_DIGITS = {"zero": "0", "oh": "0"} | {word: str(n) for n, word in enumerate(_ONES, start=1)}
_KEPT_IN_WORDS = {"ten": "10", "eleven": "11", "twelve": "12"}
_MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December"
)  # fmt: skip

_1 = f"(?:{'|'.join(_ONES)})"
_0 = "(?:zero|oh)"
_10 = "(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
_99 = f"(?:{_10}(?:[ -]{_1})?|{_TEENS}|{_1})"
_999 = f"(?:{_99} hundred(?: and)? {_99}|{_99} hundred|{_99})"
_CARDINAL = (
    f"(?:{_999} million(?: {_999} thousand)?(?:(?: and)? {_999})?|"
    f"{_999} thousand(?:(?: and)? {_999})?|{_999})"
)
_FRACTION = f"(?: (?:{_1}|{_0}))+"
_DECIMAL = f"(?:(?:{_CARDINAL}|{_0}) point{_FRACTION})"
_AMOUNT = f"(?:{_DECIMAL}(?: million| billion| thousand)?|{_CARDINAL}(?: billion)?)"
_HOUR = f"(?:{_1}|ten|eleven|twelve)"
_MINUTE = f"(?:oh {_1}|(?:twenty|thirty|forty|fifty)(?:[ -]{_1})?|{_TEENS})"
_HALF_DAY = r"(?P<half>[ap]\.? ?m\b\.?)"
_ORDINAL_1 = "(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)"
_ORDINAL_TEENS = (
    "(?:tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|"
    "nineteenth|twentieth|thirtieth)"
)
_ORDINAL_DAY = f"(?:(?:twenty|thirty)[ -]{_ORDINAL_1}|{_ORDINAL_TEENS}|{_ORDINAL_1})"
_LARGE_ORDINAL = (
    f"(?:{_10}[ -]{_ORDINAL_1}|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|"
    "seventeenth|eighteenth|nineteenth|twentieth|thirtieth|fortieth|fiftieth|sixtieth|seventieth|"
    "eightieth|ninetieth)"
)
_YEAR = f"(?:(?:eighteen|nineteen|twenty) (?:{_10}(?:[ -]{_1})?|{_TEENS}|oh {_1}))"
_ANY_YEAR = f"(?:{_YEAR}|two thousand(?:(?: and)? {_99})?)"
_DIGIT = f"(?:{_1}|{_0})"
_THREE = f"{_DIGIT} {_DIGIT} {_DIGIT}"
_WORD = rf"(?:{_CARDINAL}|{_0})"
_MORE = f"(?:{_WORD}|hundred|thousand|million|billion|point)"

_NUMBER = re.compile(rf"\b(?:{_WORD}|{_ORDINAL_DAY}|{_LARGE_ORDINAL})\b", re.IGNORECASE)
_LEFT = re.compile(
    r"\b(?:twenty[ -]four[ -]seven|fifty[ -]fifty|nine to five|seven[ -]eleven)\b", re.IGNORECASE
)
_AT = r"(?:at|by|until|till|around|before|after|from|past)"
_NUMBERED = "(?:version|chapter|page|section|figure|port|python)"


def write_english_numbers(text: str) -> str:
    """Write the numbers of a text in digits; words and what is in digits already stay."""
    kept = [match.span() for match in _LEFT.finditer(text)]
    if kept:
        start, end = kept[0]
        before, after = text[:start], text[end:]
        left, right = write_english_numbers(before), write_english_numbers(after)
        return left + text[start:end] + right
    if _NUMBER.search(text) is None:
        return text
    for pattern, written in _RULES:
        text = pattern.sub(written, text)
    return text


@cache
def value_of(number: str) -> str:
    """Return a number in digits: "two hundred and five" -> 205, "four oh four" -> 404."""
    words = re.split("[ -]", number.lower())
    if all(word in _DIGITS for word in words):
        return "".join(_DIGITS[word] for word in words)
    if "point" in words:
        words = ["zero" if word == "oh" else word for word in words]
    written = _normalizer()(" ".join(words))
    return " ".join((_DIGITS | _KEPT_IN_WORDS).get(word, word) for word in written.split())


def warm_up() -> None:
    """Make ready what the first number of a process would wait for."""
    _normalizer()("twenty one")


@cache
def _normalizer() -> Callable[[str], str]:
    # Takes a quarter of a second to import: not before there is a number.
    from wetext import Normalizer

    normalize: Callable[[str], str] = Normalizer(lang="en", operator="itn").normalize
    return normalize


def _grouped(value: str) -> str:
    """A number with its thousands set apart."""
    whole, space, unit = value.partition(" ")
    if whole.isdigit():
        whole = f"{int(whole):,}"
    return whole + space + unit


def _half_day(match: re.Match[str]) -> str:
    said = match["half"]
    return said if "." in said else said.replace(" ", "").upper()


def _clock(hour: str, minute: str) -> str:
    words = minute.lower().removeprefix("oh ")
    return f"{value_of(hour)}:{value_of(words):0>2}"


def _phone(match: re.Match[str]) -> str:
    return "-".join(value_of(group) for group in match.group().split(", "))


def _free_phone(match: re.Match[str]) -> str:
    return "-".join(value_of(group) for group in match.groups() if group)


def _past(match: re.Match[str]) -> str:
    hour = int(value_of(match["hour"]))
    match match["part"].lower():
        case "half past":
            return f"{hour}:30"
        case "quarter past":
            return f"{hour}:15"
        case "quarter to":
            return f"{(hour - 2) % 12 + 1}:45"
        case minutes:
            return f"{hour}:{value_of(minutes.removesuffix(' past')):0>2}"


def _money(match: re.Match[str]) -> str:
    sign = "€" if match["unit"].lower().startswith("euro") else "$"
    amount = _grouped(value_of(match["amount"]))
    cents = match["cents"]
    return f"{sign}{amount}" + (f".{value_of(cents):0>2}" if cents else "")


def _cardinal(match: re.Match[str]) -> str:
    spoken = match.group()
    if spoken.lower() in (*_ONES, "ten"):
        return spoken
    value = value_of(spoken)
    whole = value.partition(" ")[0]
    if not whole.isdigit():
        return spoken
    # Eighteen hundred is 1800.
    return _grouped(value) if re.search("thousand|million", spoken, re.IGNORECASE) else value


def _version(match: re.Match[str]) -> str:
    parts = re.split(" point ", match.group(), flags=re.IGNORECASE)
    return ".".join(value_of(part) for part in parts)


def _point(match: re.Match[str]) -> str:
    """Of 3.10 nobody says ten but of a version."""
    return f"{value_of(match[1])}.{value_of(match[2])}"


def _ordinal(spoken: str) -> str:
    tens, _, ones = spoken.lower().replace("-", " ").rpartition(" ")
    if tens and ones in _ORDINAL_ONES:
        return str(int(value_of(tens)) + _ORDINAL_ONES[ones])
    return re.sub(r"\D", "", _normalizer()(ones)) or str(_ORDINAL_ONES.get(ones, ""))


_ORDINAL_ONES = {
    word: number for number, word in enumerate(_ORDINAL_1[3:-1].split("|"), start=1)
}  # fmt: skip


def _with_suffix(number: str) -> str:
    suffix = {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th")
    return number + ("th" if number[-2:-1] == "1" else suffix)


def _date(match: re.Match[str]) -> str:
    written = f"{match['month'].capitalize()} {_ordinal(match['day'])}"
    return written + (f", {value_of(match['year'])}" if match["year"] else "")


_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE), written)
    for pattern, written in (
        # five five five, one two three four -> 555-1234; one eight hundred is dialled, too
        (rf"(?:(one) )?(eight hundred) ({_THREE}) ({_THREE} {_DIGIT})", _free_phone),
        (rf"{_THREE}, (?:{_THREE}, )?{_THREE} {_DIGIT}", _phone),
        (rf"Q ({_1})", lambda match: f"Q{value_of(match[1])}"),
        # half past three -> 3:30, three thirty p m -> 3:30 PM, five o'clock -> 5:00
        (
            r"(?:a )?(?P<part>half past|quarter past|quarter to|(?:ten|twenty) past) "
            rf"(?P<hour>{_HOUR})",
            _past,
        ),
        (
            rf"(?P<hour>{_HOUR}) (?P<minute>{_MINUTE}) {_HALF_DAY}",
            lambda match: f"{_clock(match['hour'], match['minute'])} {_half_day(match)}",
        ),
        (
            rf"(?P<hour>{_HOUR}) {_HALF_DAY}",
            lambda match: f"{value_of(match['hour'])} {_half_day(match)}",
        ),
        (rf"({_HOUR}) o['’]?clock", lambda match: f"{value_of(match[1])}:00"),
        (
            rf"({_AT}) ({_HOUR}) ({_MINUTE})(?! (?:hundred|thousand|million|point|percent))",
            lambda match: f"{match[1]} {_clock(match[2], match[3])}",
        ),
        (
            rf"(\d:\d\d (?:to|and|or)) ({_HOUR}) ({_MINUTE})",
            lambda match: f"{match[1]} {_clock(match[2], match[3])}",
        ),
        # May fifth twenty twenty six -> May 5, 2026
        (
            rf"(?P<month>{_MONTHS}) (?P<day>{_ORDINAL_DAY})(?:,? (?P<year>{_ANY_YEAR}))?",
            _date,
        ),
        (
            rf"the ({_ORDINAL_DAY}) of ({_MONTHS})",
            lambda match: f"the {_with_suffix(_ordinal(match[1]))} of {match[2]}",
        ),
        # ten percent -> 10%, five dollars and fifty cents -> $5.50
        (
            rf"({_DECIMAL}|{_CARDINAL}|zero) (?:percent|per cent)",
            lambda match: f"{value_of(match[1])}%",
        ),
        (
            rf"(?P<amount>{_AMOUNT}) (?P<unit>dollars?|euros?)"
            rf"(?:(?: and)? (?P<cents>{_99}) cents?)?",
            _money,
        ),
        # version two point one point three -> version 2.1.3
        (rf"{_WORD}(?: point {_WORD}){{2,}}", _version),
        (rf"({_CARDINAL}) point ((?:{_10}|{_TEENS})(?:[ -]{_1})?)(?! {_MORE})", _point),
        (rf"({_DECIMAL}) (million|billion)", lambda match: f"{value_of(match[1])} {match[2]}"),
        (_DECIMAL, lambda match: value_of(match.group())),
        # four oh four -> 404, nineteen ninety eight -> 1998
        (rf"(?:{_1}|{_0})(?: (?:{_1}|{_0})){{2,}}", lambda match: value_of(match.group())),
        (
            rf"({_NUMBERED}) ({_CARDINAL})(?: point ({_CARDINAL}))?",
            lambda match: (
                f"{match[1]} {value_of(match[2])}" + (f".{value_of(match[3])}" if match[3] else "")
            ),
        ),
        (
            rf"(in|since|until|by|before|after|from|of|year) ({_ANY_YEAR})",
            lambda match: f"{match[1]} {value_of(match[2])}",
        ),
        (_YEAR, lambda match: value_of(match.group())),
        # twenty first -> 21st, one hundred and fifth -> 105th
        (
            rf"({_1}) hundred(?: and)? ({_ORDINAL_DAY}|{_LARGE_ORDINAL})",
            lambda match: _with_suffix(f"{value_of(match[1])}{_ordinal(match[2]):0>2}"),
        ),
        (_LARGE_ORDINAL, lambda match: _with_suffix(_ordinal(match.group()))),
        (
            rf"(?<!\d )(?<!point ){_CARDINAL}(?! {_MORE})",
            _cardinal,
        ),
    )
)
"""What is looked for, in this order, and how it is written."""
