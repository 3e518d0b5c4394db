"""English numbers in running text: which of them a typist writes in digits, and how.

wetext knows what a number is worth; that "two hours" stays in words and "half past three" becomes
3:30, where it would write 2 h and 03:30, is decided here.
"""

import re
from collections.abc import Callable
from functools import cache

from dictation.text.writing.digits import groups_in_digits, normalizer
from dictation.text.writing.english_grammar import (
    AMOUNT,
    ANY_YEAR,
    CARDINAL,
    COUNTED,
    DECADES,
    DECIMAL,
    DIGIT,
    DIGITS_SAID,
    HALF_DAY,
    HOUR,
    LARGE_ORDINAL,
    MINUTE,
    MONTHS,
    MORE,
    ONE,
    ONES,
    ORDINAL_1,
    ORDINAL_DAY,
    PAIR,
    PERCENT,
    TEENS,
    TENS,
    THREE,
    TWO_DIGITS,
    UP_TO_99,
    WORD,
    YEAR,
    value_of,
)

_Rewrite = Callable[[re.Match[str]], str]

_BEFORE, _AFTER = "(?<![A-Za-z0-9_-])", "(?![A-Za-z0-9_-])"
"""The edges of a word; a Chinese character is one, too."""

_NUMBER = re.compile(
    f"{_BEFORE}(?:{WORD}|{ORDINAL_DAY}|{LARGE_ORDINAL}|{DECADES}|hundred|double){_AFTER}",
    re.IGNORECASE,
)
_LEFT = re.compile(
    f"{_BEFORE}(?:twenty[ -]four[ -]seven|fifty[ -]fifty|nine to five(?! (?:{MORE}|{TENS}))|"
    "seven[ -]eleven|"
    f"twenty[ -]twenty vision|(?<!\\w )(?:one two three|three two one)(?! {MORE})|"
    f"{TENS}[ -](?:something|odd)|forty winks|"
    f"(?<!ty )(?<!ty-){ONE} (?:or|to) {ONE} (?:hundred|thousand|million|billion)){_AFTER}",
    re.IGNORECASE,
)
_AT = (
    "(?:at|by|until|till|around|before|after|from|past|"
    "(?:alarm|reminder|meeting|appointment|call|flight) for)"
)
_NUMBERED = "(?:version|chapter|page|section|figure|port|python|windows|java)"
_LABELLED = (
    "(?:room|gate|flight|bus|route|highway|channel|extension|code|error|status|number|page|port|"
    "seat|apartment|suite|boeing|airbus|office)"
)
# What is counted, not the minutes of a clock.
_NO_TIME = (
    "(?:hundred|thousand|million|point|percent|dollars?|bucks|people|degrees|years?|days|minutes|"
    "hours|times|miles|pounds|grams|meters|kilometers|pages|street|avenue|road)"
)


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
    for pattern, written in _compiled():
        text = pattern.sub(written, text)
    return text


def _grouped(value: str, *, year: bool = True) -> str:
    """A number with its thousands set apart; one that may be a `year` of ours has none."""
    whole, space, unit = value.partition(" ")
    if whole.isdigit() and not (year and re.fullmatch(r"20\d[1-9]|20[1-9]0", whole)):
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


def _pair(match: re.Match[str]) -> str:
    """Two numbers that are said after each other, as one: one twenty three -> 123."""
    first, _, second = match["pair"].partition(" ")
    second = value_of(second.lower().removeprefix("oh "))
    number = f"{value_of(first)}{second:0>2}"
    return match.group().replace(match["pair"], number)


def _in_digits(match: re.Match[str]) -> str:
    return groups_in_digits(match, value_of)


def _from_abroad(match: re.Match[str]) -> str:
    return f"+{value_of(match[1])} {value_of(match[2].strip())}"


def _range(match: re.Match[str]) -> str:
    """Two numbers alike: a small one is in digits where the other is."""
    small = [match[group].lower() in (*ONES, "ten") for group in (1, 2)]
    return _in_digits(match) if sum(small) == 1 else match.group()


def _before_the_hour(match: re.Match[str]) -> str:
    hour = (int(value_of(match[3])) - 2) % 12 + 1
    return f"{match[1]} {hour}:{60 - int(value_of(match[2]))}"


def _aged(match: re.Match[str]) -> str:
    age = match[1] if match[1].lower() in (*ONES, "ten") else value_of(match[1])
    return f"{age}-{match[2]}-old"


def _decade(match: re.Match[str]) -> str:
    tens = normalizer("en")(match[2].lower().replace("ies", "y"))
    return f"{value_of(match[1])}{tens}s"


def _money(match: re.Match[str]) -> str:
    sign = "€" if match["unit"].lower().startswith("euro") else "$"
    amount = _grouped(value_of(match["amount"]), year=False)
    cents = match["cents"]
    return f"{sign}{amount}" + (f".{value_of(cents):0>2}" if cents else "")


def _cardinal(match: re.Match[str]) -> str:
    spoken = match.group()
    if match["left"] or spoken.lower() in (*ONES, "ten"):
        return spoken
    value = value_of(spoken)
    whole = value.partition(" ")[0]
    if not whole.isdigit():
        return spoken
    # Eighteen hundred is 1800.
    return (
        _grouped(value) if re.search("thousand|million|billion", spoken, re.IGNORECASE) else value
    )


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
    return re.sub(r"\D", "", normalizer("en")(ones)) or str(_ORDINAL_ONES.get(ones, ""))


_ORDINAL_ONES = {
    word: number for number, word in enumerate(ORDINAL_1[3:-1].split("|"), start=1)
}  # fmt: skip


def _with_suffix(number: str) -> str:
    suffix = {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th")
    return number + ("th" if number[-2:-1] == "1" else suffix)


def _date(match: re.Match[str]) -> str:
    written = f"{match['month'].capitalize()} {_ordinal(match['day'])}"
    return written + (f", {value_of(match['year'])}" if match["year"] else "")


_RULES: tuple[tuple[str, _Rewrite], ...] = (
    # five five five, one two three four -> 555-1234; one eight hundred is dialled, too
    (rf"(?:(one) )?(eight hundred) ({THREE}) ({THREE} {DIGIT})", _free_phone),
    (rf"{THREE}, (?:{THREE}, )?{THREE} {DIGIT}", _phone),
    (rf"Q ({ONE})", lambda match: f"Q{value_of(match[1])}"),
    (rf"plus (one|four four|eight six)((?: {DIGITS_SAID}){{8,11}})", _from_abroad),
    # half past three -> 3:30, three thirty p m -> 3:30 PM, five o'clock -> 5:00
    (
        r"(?:a )?(?P<part>half past|quarter past|quarter to|(?:ten|twenty) past) "
        rf"(?P<hour>{HOUR})",
        _past,
    ),
    (
        rf"(?P<hour>{HOUR}) (?P<minute>{MINUTE}) {HALF_DAY}",
        lambda match: f"{_clock(match['hour'], match['minute'])} {_half_day(match)}",
    ),
    (
        rf"({HOUR}) (to|until|till) ({HOUR})(?= [ap]\.? ?m\b)",
        lambda match: f"{value_of(match[1])} {match[2]} {value_of(match[3])}",
    ),
    (r"(\d) ([ap]) (m)", lambda match: f"{match[1]} {match[2]}{match[3]}".upper()),
    (
        rf"(?P<hour>{HOUR}) {HALF_DAY}",
        lambda match: f"{value_of(match['hour'])} {_half_day(match)}",
    ),
    (rf"({HOUR}) o['’]?clock", lambda match: f"{value_of(match[1])}:00"),
    (
        rf"(from|between) ({HOUR}) (to|and|until|till) ({HOUR}) ({MINUTE})(?! {_NO_TIME})",
        lambda match: f"{match[1]} {value_of(match[2])} {match[3]} {_clock(match[4], match[5])}",
    ),
    (
        rf"({HOUR}) ({MINUTE}) (to|until|till) ({HOUR})(?! (?:{MORE}|{_NO_TIME}))",
        lambda match: f"{_clock(match[1], match[2])} {match[3]} {value_of(match[4])}",
    ),
    (
        rf"({_AT}|it['’]s|it is(?: now)?) ({HOUR}) ({MINUTE})(?! {_NO_TIME})",
        lambda match: f"{match[1]} {_clock(match[2], match[3])}",
    ),
    (
        rf"at ({TEENS}|twenty(?: (?:one|two|three))?) ({MINUTE})(?! {_NO_TIME})",
        lambda match: f"at {_clock(match[1], match[2])}",
    ),
    (
        rf"(\d:\d\d (?:to|and|or)) ({HOUR}) ({MINUTE})",
        lambda match: f"{match[1]} {_clock(match[2], match[3])}",
    ),
    ("nine eleven", lambda _: "9/11"),
    (rf"(at|by|it['’]s|it is) (five|ten|twenty) to ({HOUR})(?! {MORE})", _before_the_hour),
    # May fifth twenty twenty six -> May 5, 2026
    (
        rf"(?P<month>{MONTHS}) (?P<day>{ORDINAL_DAY})(?:,? (?P<year>{ANY_YEAR}))?",
        _date,
    ),
    (
        rf"the ({ORDINAL_DAY}) of ({MONTHS})",
        lambda match: f"the {_with_suffix(_ordinal(match[1]))} of {match[2]}",
    ),
    # ten percent -> 10%, five dollars and fifty cents -> $5.50
    (
        rf"(?:({DECIMAL}|{CARDINAL}|zero) (to|and|or) )?"
        rf"({DECIMAL}|{CARDINAL}|zero) {PERCENT}",
        lambda match: (
            (f"{value_of(match[1])} {match[2]} " if match[1] else "") + f"{value_of(match[3])}%"
        ),
    ),
    (f"a hundred {PERCENT}", lambda _: "100%"),
    (
        rf"minus ({DECIMAL}|{CARDINAL}(?= (?:degrees|percent)))",
        lambda match: f"-{value_of(match[1])}",
    ),
    (
        rf"(?P<pair>(?:{ONE}|{TEENS}|{TENS}) {TWO_DIGITS}) (dollars|euros)",
        lambda match: ("$" if match[2].lower() == "dollars" else "€") + _pair(match).split()[0],
    ),
    (
        rf"(?P<amount>{AMOUNT}) (?P<unit>dollars?|euros?)"
        rf"(?:(?: and)? (?P<cents>{UP_TO_99}) cents?)?",
        _money,
    ),
    # costs nineteen ninety nine -> costs 19.99
    (
        rf"((?:costs?|paid|charged?) (?:me |us |only )?)({TENS}(?:[ -]{ONE})?|{TEENS}) "
        rf"({TWO_DIGITS})",
        lambda match: f"{match[1]}{value_of(match[2])}.{value_of(match[3])}",
    ),
    (rf"v ({DECIMAL})", lambda match: f"v{value_of(match[1])}"),
    # version two point one point three -> version 2.1.3
    (rf"{WORD}(?: point {WORD}){{2,}}", _version),
    (rf"({CARDINAL}) point ((?:{TENS}|{TEENS})(?:[ -]{ONE})?)(?! {MORE})", _point),
    (
        rf"({DECIMAL}|{CARDINAL}(?= trillion)) (million|billion|trillion)",
        lambda match: f"{value_of(match[1])} {match[2]}",
    ),
    (DECIMAL, lambda match: value_of(match.group())),
    # four oh four -> 404, nineteen ninety eight -> 1998
    (
        rf"{DIGITS_SAID}(?: {DIGITS_SAID}){{2,}}(?! hundred)|"
        rf"(?:double|triple) {DIGIT} {DIGIT}",
        lambda match: value_of(match.group()),
    ),
    (rf"{_LABELLED} (?P<pair>{PAIR})", _pair),
    (rf"(?P<pair>{ONE} {TWO_DIGITS})(?= {COUNTED})", _pair),
    (rf"{_LABELLED} ({DIGIT}(?: {DIGIT})+)", _in_digits),
    (
        rf"({_NUMBERED}) ({CARDINAL})(?: point ({CARDINAL}))?",
        lambda match: (
            f"{match[1]} {value_of(match[2])}" + (f".{value_of(match[3])}" if match[3] else "")
        ),
    ),
    (
        rf"(in|since|until|by|before|after|from|of|year) ({ANY_YEAR})",
        lambda match: f"{match[1]} {value_of(match[2])}",
    ),
    (rf"({YEAR}) (?:to|and|or) ({ANY_YEAR})", _in_digits),
    (rf"(eighteen|nineteen|twenty) ({DECADES})", _decade),
    (rf"({TEENS}) hundreds", lambda match: f"{value_of(match[1])}00s"),
    (YEAR, lambda match: value_of(match.group())),
    # twenty first -> 21st, one hundred and fifth -> 105th
    (
        rf"({ONE}) hundred(?: and)? ({ORDINAL_DAY}|{LARGE_ORDINAL})",
        lambda match: _with_suffix(f"{value_of(match[1])}{_ordinal(match[2]):0>2}"),
    ),
    (LARGE_ORDINAL, lambda match: _with_suffix(_ordinal(match.group()))),
    # two hours and thirty minutes -> 2 hours and 30 minutes
    (
        rf"({CARDINAL}) (?:hours?|minutes?)(?: and)? ({CARDINAL})(?= (?:minutes?|seconds?))",
        _range,
    ),
    # ten to fifteen -> 10 to 15, five foot eleven -> 5 foot 11
    (rf"({CARDINAL}) (?:to|or) ({CARDINAL})(?! {MORE})", _range),
    (rf"between ({CARDINAL}) and ({CARDINAL})(?! {MORE})", _range),
    (rf"({ONE}) (?:foot|feet) ({ONE}|ten|eleven)(?: inch(?:es)?)?", _in_digits),
    # forty two year old -> 42-year-old
    (rf"({CARDINAL}) (year|month|week|day) old", _aged),
    (
        rf"(?<!\d )(?<!point )(?:(?P<left>{PAIR})|{CARDINAL})(?! {MORE})",
        _cardinal,
    ),
)
"""What is looked for, in this order, and how it is written."""


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], _Rewrite], ...]:
    # Takes half a second, which the loading of a model is not to wait for.
    return tuple(
        (re.compile(f"{_BEFORE}(?:{pattern}){_AFTER}", re.IGNORECASE), written)
        for pattern, written in _RULES
    )
