"""Numbers as they are spoken, beside the way they are written, in Mandarin and English."""

from __future__ import annotations

import random
from collections.abc import Callable

Spoken = tuple[str, str]
"""What is said and what a careful typist writes for it."""

ZH_DIGITS = "零一二三四五六七八九"
EN_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_EN_TEENS = (
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_EN_TENS = (
    "zero",
    "ten",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
)
_EN_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_EN_ORDINALS = (
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
)
_HTTP_CODES = (200, 201, 204, 301, 302, 304, 400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503)
_PORTS = (80, 443, 3000, 3306, 5000, 5432, 6006, 6379, 8000, 8080, 8081, 8443, 8888, 9000, 9090)
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def zh_cardinal(number: int) -> str:
    """Read a whole number from 0 to 99,999,999 in Mandarin (350 -> 三百五十)."""
    if not 0 <= number < 10**8:
        raise ValueError(f"number must be from 0 to 99999999, got {number}")
    if number >= 10_000:
        high, low = divmod(number, 10_000)
        gap = "零" if 0 < low < 1000 else ""
        head = "两" if high == 2 else zh_cardinal(high)
        return f"{head}万{gap}{zh_cardinal(low) if low else ''}"
    if number < 10:
        return ZH_DIGITS[number]
    parts: list[str] = []
    gap = ""
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            if unit == 10 and digit == 1 and not parts:
                parts.append("十")
            else:
                said = "两" if digit == 2 and unit == 1000 else ZH_DIGITS[digit]
                parts.append(f"{gap}{said}{name}")
            gap = ""
        elif parts:
            gap = "零"
    return "".join(parts)


def en_cardinal(number: int) -> str:
    """Read a whole number from 0 to 999,999,999 in English (350 -> three hundred and fifty)."""
    if not 0 <= number < 10**9:
        raise ValueError(f"number must be from 0 to 999999999, got {number}")
    if number < 10:
        return EN_DIGITS[number]
    if number < 20:
        return _EN_TEENS[number - 10]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _EN_TENS[tens] + (f"-{EN_DIGITS[ones]}" if ones else "")
    for unit, name in ((10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= unit:
            high, low = divmod(number, unit)
            link = " and " if unit == 100 else " "
            return f"{en_cardinal(high)} {name}" + (f"{link}{en_cardinal(low)}" if low else "")
    raise AssertionError(number)


def en_ordinal(number: int) -> str:
    """Read a day of the month in English (21 -> twenty-first)."""
    if number <= 20:
        return _EN_ORDINALS[number]
    tens, ones = divmod(number, 10)
    return f"{_EN_TENS[tens]}-{_EN_ORDINALS[ones]}" if ones else "thirtieth"


def en_year(year: int) -> str:
    """Read a year in English (1998 -> nineteen ninety-eight, 2008 -> two thousand eight)."""
    high, low = divmod(year, 100)
    if low == 0:
        return en_cardinal(year) if high % 10 == 0 else f"{en_cardinal(high)} hundred"
    if low < 10:
        return en_cardinal(year) if high == 20 else f"{en_cardinal(high)} oh {EN_DIGITS[low]}"
    return f"{en_cardinal(high)} {en_cardinal(low)}"


def zh_digits(digits: str, rng: random.Random) -> str:
    """Read digits one by one in Mandarin; in numbers like a telephone's, 一 is often 幺."""
    yao = len(digits) >= 3 and rng.random() < 0.3
    return "".join("幺" if yao and d == "1" else ZH_DIGITS[int(d)] for d in digits)


def en_digits(digits: str, rng: random.Random) -> str:
    """Read digits one by one in English; zero is "oh" or "zero" throughout a number."""
    zero = "oh" if "0" in digits[1:] and rng.random() < 0.45 else "zero"
    return " ".join(zero if d == "0" else EN_DIGITS[int(d)] for d in digits)


def _zh_point(value: str) -> str:
    whole, _, rest = value.partition(".")
    return zh_cardinal(int(whole)) + "点" + "".join(ZH_DIGITS[int(d)] for d in rest)


def _en_point(value: str) -> str:
    whole, _, rest = value.partition(".")
    return f"{en_cardinal(int(whole))} point {' '.join(EN_DIGITS[int(d)] for d in rest)}"


def _random_digits(rng: random.Random, count: int | None = None) -> str:
    length = count if count is not None else rng.choice((3, 3, 3, 4, 4, 5))
    digits = [rng.choice("123456789")] + [rng.choice("0123456789") for _ in range(length - 1)]
    if rng.random() < 0.3:
        digits[rng.randrange(1, length)] = "0"
    return "".join(digits)


def _decimal(rng: random.Random) -> str:
    if rng.random() < 0.3:
        return f"0.{rng.choice(('5', '1', '01', '001', '25', '9', '95', '05'))}"
    return f"{rng.randint(1, 30)}.{rng.choice(('5', '2', '8', '75', '14', '6', '3'))}"


def _number(rng: random.Random) -> int:
    return rng.choice((rng.randint(11, 99), rng.randrange(20, 200, 10), rng.randint(101, 999)))


def _count_zh(rng: random.Random) -> Spoken:
    value = rng.choice((rng.randint(1, 10), rng.randint(1, 6), rng.randint(11, 30)))
    said = "两" if value == 2 else zh_cardinal(value)
    return said, said if value <= 10 else str(value)


def _count_en(rng: random.Random) -> Spoken:
    value = rng.choice((rng.randint(2, 10), rng.randint(2, 6), rng.randint(11, 30)))
    said = en_cardinal(value)
    return said, said if value <= 10 else str(value)


def _percent(rng: random.Random) -> str:
    return rng.choice((str(rng.randint(1, 99)), str(rng.randrange(5, 100, 5)), _decimal(rng)))


def _zh_time(rng: random.Random) -> Spoken:
    hour, minute = rng.randint(1, 12), rng.choice((0, 0, 0, 30, 30, 10, 15, 20, 40, 45, 50))
    said = "两" if hour == 2 else zh_cardinal(hour)
    if minute == 0:
        return f"{said}点", f"{hour} 点"
    if minute == 30 and rng.random() < 0.7:
        return f"{said}点半", f"{hour} 点半"
    if rng.random() < 0.5:
        return f"{said}点{zh_cardinal(minute)}分", f"{hour} 点 {minute} 分"
    return f"{said}点{zh_cardinal(minute)}", f"{hour}:{minute:02d}"


def _en_time(rng: random.Random) -> Spoken:
    hour, minute = rng.randint(1, 12), rng.choice((0, 0, 0, 30, 30, 15, 20, 40, 45, 50))
    said = en_cardinal(hour)
    half = rng.choice(("", "", " AM", " PM", " PM"))
    if minute == 0:
        return (f"{said}{half}", f"{hour}{half}") if half else (f"{said} o'clock", f"{hour}:00")
    return f"{said} {en_cardinal(minute)}{half}", f"{hour}:{minute:02d}{half}"


def _zh_date(rng: random.Random) -> Spoken:
    month, day, unit = rng.randint(1, 12), rng.randint(1, 28), rng.choice("号号日")
    said = f"{zh_cardinal(month)}月{zh_cardinal(day)}{unit}"
    return said, f"{month} 月 {day} {unit}"


def _en_date(rng: random.Random) -> Spoken:
    month, day = rng.choice(_EN_MONTHS), rng.randint(1, 30)
    if month == "February":
        day = min(day, 28)
    return f"{month} {en_ordinal(day)}", f"{month} {day}"


def _zh_money(rng: random.Random) -> Spoken:
    unit = rng.choice(("块", "元", "块钱", "元"))
    value = rng.choice((rng.randint(11, 99), rng.randrange(100, 1000, 10)))
    if rng.random() < 0.3:
        value = rng.choice((rng.randrange(1000, 9900, 100), rng.randrange(10_000, 90_000, 1000)))
    return f"{zh_cardinal(value)}{unit}", f"{value} {unit}"


def _en_money(rng: random.Random) -> Spoken:
    dollars, cents = _number(rng), rng.choice((0, 0, 50, 99, 25))
    if cents and dollars < 100:
        return (
            f"{en_cardinal(dollars)} dollars and {en_cardinal(cents)} cents",
            f"${dollars}.{cents}",
        )
    return f"{en_cardinal(dollars)} dollars", f"${dollars}"


def _zh_big(rng: random.Random) -> Spoken:
    value = rng.choice((rng.randrange(1000, 9999, 100), rng.randrange(10_000, 990_000, 1000)))
    return zh_cardinal(value), str(value)


def _en_big(rng: random.Random) -> Spoken:
    value = rng.choice((rng.randrange(1000, 9999, 100), rng.randrange(10_000, 990_000, 1000)))
    return en_cardinal(value), f"{value:,}"


def _zh_temperature(rng: random.Random) -> Spoken:
    value = rng.randint(1, 38)
    if value <= 12 and rng.random() < 0.5:
        return f"零下{zh_cardinal(value)}度", f"零下 {value} 度"
    return f"{zh_cardinal(value)}度", f"{value} 度"


def _year(rng: random.Random) -> int:
    return rng.choice((rng.randint(1975, 1999), rng.randint(2000, 2027), rng.randint(2010, 2027)))


def _version(rng: random.Random) -> list[int]:
    return [rng.randint(1, 12) for _ in range(rng.choice((2, 3)))]


def _letters(rng: random.Random) -> Spoken:
    letters = "".join(rng.choice(_LETTERS) for _ in range(rng.choice((1, 2))))
    return letters, letters


def _zh_phone(rng: random.Random) -> Spoken:
    phone = "1" + rng.choice("35789") + _random_digits(rng, 9)
    return zh_digits(phone, rng), phone


def _en_phone(rng: random.Random) -> Spoken:
    groups = [_random_digits(rng, 3), _random_digits(rng, 3), _random_digits(rng, 4)]
    if rng.random() < 0.5:
        groups = groups[1:]
    return ", ".join(en_digits(group, rng) for group in groups), "-".join(groups)


def _zh_read(digits: str, rng: random.Random) -> Spoken:
    return zh_digits(digits, rng), digits


def _en_read(digits: str, rng: random.Random) -> Spoken:
    return en_digits(digits, rng), digits


def _percent_zh(rng: random.Random) -> Spoken:
    value = _percent(rng)
    said = _zh_point(value) if "." in value else zh_cardinal(int(value))
    return f"百分之{said}", f"{value}%"


def _percent_en(rng: random.Random) -> Spoken:
    value = _percent(rng)
    said = _en_point(value) if "." in value else en_cardinal(int(value))
    return f"{said} percent", f"{value}%"


def _said(read: Callable[[str], str], value: str) -> Spoken:
    return read(value), value


def _version_zh(rng: random.Random) -> Spoken:
    parts = _version(rng)
    return "点".join(map(zh_cardinal, parts)), ".".join(map(str, parts))


def _version_en(rng: random.Random) -> Spoken:
    parts = _version(rng)
    return " point ".join(map(en_cardinal, parts)), ".".join(map(str, parts))


def _whole(read: Callable[[int], str], value: int) -> Spoken:
    return read(value), str(value)


def _height(rng: random.Random) -> Spoken:
    centimetres = str(rng.randint(51, 95))
    return "一米" + "".join(ZH_DIGITS[int(d)] for d in centimetres), f"1 米 {centimetres}"


Maker = Callable[[random.Random], Spoken]

MANDARIN: dict[str, Maker] = {
    "bignumber": _zh_big,
    "bodytemp": lambda r: _said(_zh_point, f"{r.randint(36, 39)}.{r.randint(1, 9)}"),
    "code": lambda r: _zh_read(str(r.choice(_HTTP_CODES)), r),
    "count": _count_zh,
    "date": _zh_date,
    "decimal": lambda r: _said(_zh_point, _decimal(r)),
    "digits": lambda r: _zh_read(_random_digits(r), r),
    "digits6": lambda r: _zh_read(_random_digits(r, 6), r),
    "discount": lambda r: _whole(zh_cardinal, r.randint(5, 9)),
    "height": _height,
    "letters": _letters,
    "money": _zh_money,
    "month": lambda r: _whole(zh_cardinal, r.randint(1, 12)),
    "number": lambda r: _whole(zh_cardinal, _number(r)),
    "percent": _percent_zh,
    "phone": _zh_phone,
    "port": lambda r: _zh_read(str(r.choice(_PORTS)), r),
    "score": lambda r: _whole(zh_cardinal, r.randint(60, 100)),
    "temperature": _zh_temperature,
    "time": _zh_time,
    "version": _version_zh,
    "year": lambda r: (lambda y: ("".join(ZH_DIGITS[int(d)] for d in y), y))(str(_year(r))),
}
"""Computed slots of Mandarin and mixed sentences, by name."""

ENGLISH: dict[str, Maker] = {
    "bignumber": _en_big,
    "code": lambda r: _en_read(str(r.choice(_HTTP_CODES)), r),
    "count": _count_en,
    "date": _en_date,
    "decimal": lambda r: _said(_en_point, _decimal(r)),
    "digits": lambda r: _en_read(_random_digits(r), r),
    "digits4": lambda r: _en_read(_random_digits(r, 4), r),
    "digits5": lambda r: _en_read(_random_digits(r, 5), r),
    "digits6": lambda r: _en_read(_random_digits(r, 6), r),
    "letters": _letters,
    "money": _en_money,
    "number": lambda r: _whole(en_cardinal, _number(r)),
    "percent": _percent_en,
    "phone": _en_phone,
    "port": lambda r: _en_read(str(r.choice(_PORTS)), r),
    "time": _en_time,
    "version": _version_en,
    "year": lambda r: _whole(en_year, _year(r)),
}
"""Computed slots of English sentences, by name."""
