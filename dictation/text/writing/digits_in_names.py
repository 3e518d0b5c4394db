"""Names that are letters and digits at once, in the numerals of either language: MP3, 4K, A4, B2B.

A numeral below ten is else left as a word; here the letters beside it say that it is none.
"""

import re
from collections.abc import Callable

_CHINESE = "一二三四五六七八九十"
_ENGLISH = "one two three four five six seven eight nine ten"
_VALUES = {word: str(n) for n, word in enumerate(_ENGLISH.split(), start=1)}
_VALUES |= {word: str(n) for n, word in enumerate(_CHINESE, start=1)}
_VALUES |= {"两": "2", "零": "0", "幺": "1", "zero": "0"}

_AMOUNT = f"(?<![零百千万亿点第这那每某统唯之{_CHINESE}])([{_CHINESE}两])"
_ALONE = f"(?![{_CHINESE}零百千万亿点])"
_FIRST = "(?<![A-Za-z0-9'’-])"
_LAST = "(?![A-Za-z0-9'’])"
_UNITS = "GB TB MB KB Gbps Mbps GHz MHz kHz Hz mAh kWh kW km kg cm mm ml ms fps W"
_SPELT = {unit.lower(): unit for unit in _UNITS.split()}
_ENDS = "$|[，。？！、,.?!]"


def write_digits_in_names(text: str) -> str:
    """Write numerals in digits that are part of a name or stand before a Latin unit."""
    for pattern, written in _RULES:
        text = pattern.sub(written, text)
    return text


def _value(numeral: str) -> str:
    """The digits of a numeral of one word, or of Chinese ones that are said one by one."""
    spoken = numeral.lower()
    return _VALUES.get(spoken) or "".join(_VALUES[character] for character in spoken)


def _unit(match: re.Match[str]) -> str:
    unit = match[2]
    return _value(match[1]) + _SPELT.get(unit.lower(), unit.upper())


def _letter_first(match: re.Match[str]) -> str:
    following = match.string[match.end() : match.end() + 1]
    gap = " " if following.isascii() and following.isalpha() else ""
    return match[1].upper() + _value(match[2]) + gap


_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), written)
    for pattern, written in (
        # 八GB -> 8GB, 四k -> 4K, 七B参数 -> 7B 参数, "five g" -> 5G
        (rf"{_AMOUNT} ?({_UNITS.replace(' ', '|')}|[GKD]|P(?=流|视频|画质)){_LAST}", _unit),
        (rf"{_AMOUNT} ?([AS])(?=级|景区|大作|游戏|店)", _unit),
        (rf"{_AMOUNT} ?(B)(?= ?(?:参数|的?模型|model|parameter))", _unit),
        (rf"{_AMOUNT} ?(C)(?=产品|认证|数码)", _unit),
        (
            rf"{_FIRST}({_ENGLISH.replace(' ', '|')}) ([GKD]){_LAST}",
            _unit,
        ),
        (
            rf"{_AMOUNT} ?v ?([{_CHINESE}]){_ALONE}",
            lambda match: f"{_value(match[1])}v{_value(match[2])}",
        ),
        # mp三 -> MP3, "b two b" -> B2B, "covid nineteen" -> COVID-19
        (rf"{_FIRST}(mp) ?([三四]|three|four)(?![a-z])", _letter_first),
        (
            rf"{_FIRST}([bcop]) ?(?:二|two) ?([bcop]){_LAST}",
            lambda match: f"{match[1]}2{match[2]}".upper(),
        ),
        (rf"{_FIRST}ipv ?([四六]|four|six)(?![a-z])", lambda match: f"IPv{_value(match[1])}"),
        (rf"{_FIRST}covid[ -]?(?:十九|nineteen|19){_LAST}", lambda _: "COVID-19"),
        (rf"{_FIRST}c ?(?:加加|plus plus)(?![a-z])", lambda _: "C++"),
        (rf"{_FIRST}c sharp{_LAST}", lambda _: "C#"),
        (rf"{_FIRST}(a) ?([三四五])(?=纸|大小|打印|幅面)", _letter_first),
        (rf"{_FIRST}(a) (three|four|five)(?= (?:paper|size|sheet|page|print))", _letter_first),
        (rf"{_FIRST}(q) ?([一二三四]){_ALONE}(?!下|个)", _letter_first),
        # G二零 -> G20, t三航站楼 -> T3 航站楼, q三的 -> Q3 的
        (rf"{_FIRST}([a-z]) ?([零幺{_CHINESE[:-1]}]{{2,}})(?=峰会|次|高速|国道|$)", _letter_first),
        (rf"(?<=航班)( ?[a-z]{{2}}) ?([零幺{_CHINESE[:-1]}]{{3,4}})", _letter_first),
        (
            rf"{_FIRST}([b-hj-uwz]|(?<![a-z] )a) ?([{_CHINESE}]){_ALONE}"
            rf"(?=航站楼|季度|赛车|芯片|页面|出口|口|驾照|次|教室|的|{_ENDS})",
            _letter_first,
        ),
        (
            rf"{_FIRST}(P) ?([零一二三四]|zero|one|two|three|four)(?= ?(?:的|级|bug|issue))",
            _letter_first,
        ),
        # windows十 -> windows 10, step三是 -> step 3 是, top十 -> top 10
        (
            rf"{_FIRST}(windows|win|ios|android|python|java|gpt|http|usb|ubuntu) ?"
            rf"([{_CHINESE[1:]}]){_ALONE}(?![个位种次天年月分只条本大者])",
            lambda match: f"{match[1]} {_value(match[2])}",
        ),
        (
            rf"{_FIRST}(step|model|part|option|phase|level|chapter|page|section|version|case|task|day|week|"
            rf"stage|question|sprint|round|top|tier|unit|lesson|module) ?([{_CHINESE}]){_ALONE}"
            rf"(?=[是的和到]|{_ENDS})",
            lambda match: f"{match[1]} {_value(match[2])}",
        ),
        (
            rf"{_FIRST}(g ?p ?t) (three|four|five|six){_LAST}",
            lambda match: f"GPT {_value(match[2])}",
        ),
    )
)
