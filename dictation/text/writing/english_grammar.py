"""How numbers are said in English, as patterns, and what they are worth."""

import re
from functools import cache

from dictation.text.writing.digits import normalizer

ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEENS = (
    "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
)  # fmt: skip
DIGIT_VALUES = {"zero": "0", "oh": "0"} | {word: str(n) for n, word in enumerate(ONES, start=1)}
TIMES = {"double": 2, "triple": 3}
KEPT_IN_WORDS = {"ten": "10", "eleven": "11", "twelve": "12"}
MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December"
)  # fmt: skip

ONE = f"(?:{'|'.join(ONES)})"
ZERO = "(?:zero|oh)"
TENS = "(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
UP_TO_99 = f"(?:{TENS}(?:[ -]{ONE})?|{TEENS}|{ONE})"
UP_TO_999 = f"(?:{UP_TO_99} hundred(?: and)? {UP_TO_99}|{UP_TO_99} hundred|{UP_TO_99})"
_REST = f"(?:(?: and)? {UP_TO_999})?"
CARDINAL = (
    f"(?:{UP_TO_999} billion(?: {UP_TO_999} million)?(?: {UP_TO_999} thousand)?{_REST}|"
    f"{UP_TO_999} million(?: {UP_TO_999} thousand)?{_REST}|{UP_TO_999} thousand{_REST}|{UP_TO_999})"
)
FRACTION = f"(?: (?:{ONE}|{ZERO}))+"
DECIMAL = f"(?:(?:{CARDINAL}|{ZERO}) point{FRACTION})"
AMOUNT = f"(?:{DECIMAL}(?: (?:thousand|million|billion|trillion))?|{CARDINAL}(?: trillion)?)"
PERCENT = "(?:percent|per cent)"
HOUR = f"(?:{ONE}|ten|eleven|twelve)"
MINUTE = f"(?:oh {ONE}|(?:twenty|thirty|forty|fifty)(?:[ -]{ONE})?|{TEENS})"
HALF_DAY = r"(?P<half>[ap]\.? ?m\b\.?)"
ORDINAL_1 = "(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)"
ORDINAL_TEENS = (
    "(?:tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|"
    "nineteenth|twentieth|thirtieth)"
)
ORDINAL_DAY = f"(?:(?:twenty|thirty)[ -]{ORDINAL_1}|{ORDINAL_TEENS}|{ORDINAL_1})"
LARGE_ORDINAL = (
    f"(?:{TENS}[ -]{ORDINAL_1}|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|"
    "seventeenth|eighteenth|nineteenth|twentieth|thirtieth|fortieth|fiftieth|sixtieth|seventieth|"
    "eightieth|ninetieth)"
)
TWO_DIGITS = f"(?:{TENS}(?:[ -]{ONE})?|{TEENS})"
YEAR = (
    f"(?:(?:eighteen|nineteen|twenty) (?:{TWO_DIGITS}|oh {ONE})|"
    f"(?:thirteen|fourteen|fifteen|sixteen|seventeen) {TENS}[ -]{ONE})"
)
ANY_YEAR = f"(?:{YEAR}|two thousand(?:(?: and)? {UP_TO_99})?)"
DECADES = "(?:twenties|thirties|forties|fifties|sixties|seventies|eighties|nineties)"
DIGIT = f"(?:{ONE}|{ZERO})"
DIGITS_SAID = f"(?:(?:(?:double|triple) )?{DIGIT})"
THREE = f"{DIGIT} {DIGIT} {DIGIT}"
WORD = rf"(?:{CARDINAL}|{ZERO})"
MORE = f"(?:(?:{WORD}|hundred|thousand|million|billion|trillion|point)(?![a-z]))"
# Three twenty may be 320, 3:20 or $3.20: digits where something tells which, else words.
PAIR = f"(?:(?:{ONE}|ten|eleven|twelve) (?:{TWO_DIGITS}|oh {ONE}))"
SPOKEN_PART = f"(?:{PAIR}|{CARDINAL}|{DIGIT}(?: {DIGIT})*)"
"""A number of an address, a group of one to three digits."""

COUNTED = (
    r"(?:(?:[\w']+ ){0,2}(?:street|avenue|road|drive|lane|boulevard)|degrees|miles|pounds|grams|"
    "kilometers|meters|pages|people|minutes)"
)


@cache
def value_of(number: str) -> str:
    """Return a number in digits: "two hundred and five" -> 205, "four oh four" -> 404."""
    words = re.split("[ -]", number.lower())
    if all(word in DIGIT_VALUES or word in TIMES for word in words):
        times = [1, *(TIMES.get(word, 1) for word in words)]
        digits = zip(times, words, strict=False)
        return "".join(DIGIT_VALUES[word] * n for n, word in digits if word not in TIMES)
    if "point" in words:
        words = ["zero" if word == "oh" else word for word in words]
    written = normalizer("en")(" ".join(words))
    return " ".join((DIGIT_VALUES | KEPT_IN_WORDS).get(word, word) for word in written.split())
