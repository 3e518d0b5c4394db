"""Mandarin numbers in running text: which of them a typist writes in digits, and how.

wetext knows what a numeral is worth. Which numerals are meant as numbers at all, and what stands
around them, is decided here, for its own rendering is that of forms and tables: 今天下午三点半
becomes 今天3:30p.m., 二十四小时 24h, 三四个人 3~4个人, 十字路口 10字路口.
"""

import re
from collections.abc import Callable
from functools import cache, partial

from dictation.text.writing.digits import groups_in_digits, normalizer

_Rewrite = Callable[[re.Match[str]], str]

_DIGITS = dict(zip("零〇幺一二两三四五六七八九", "0011223456789", strict=True))
_NUMERALS = "零〇幺一二两三四五六七八九十百千万亿"

_D = "[零〇幺一二三四五六七八九]"
_1_9 = "[一二两三四五六七八九]"
_TENS = f"(?:零?{_1_9}|零?[一二三四五六七八九]?十[一二三四五六七八九]?)"
_HUNDREDS = f"(?:零?{_1_9}百(?:{_TENS})?|{_TENS})"
_THOUSANDS = f"(?:零?{_1_9}千(?:{_HUNDREDS})?|{_HUNDREDS})"
_WAN = f"(?:{_THOUSANDS}万(?:{_THOUSANDS})?|{_THOUSANDS})"
_CARDINAL = f"(?:{_THOUSANDS}亿(?:{_WAN})?|{_WAN})"
_DECIMAL = f"(?:{_CARDINAL}|零)点{_D}+"
_PART = f"(?:{_CARDINAL}|{_D}+)"
_HOUR = "(?:二十[一二三四]?|十[一二三四五六七八九]?|[零一二两三四五六七八九])"
_MINUTE = "(?:[二三四五]?十[一二三四五六七八九]?|零[一二三四五六七八九])"
_DAY = "(?:三十一?|二十[一二三四五六七八九]?|十[一二三四五六七八九]?|[一二三四五六七八九])"
_LATE_DAY = "(?:三十一?|二十[一二三四五六七八九]?|十[一二三四五六七八九]?)"
_SHORT_YEAR = (
    "(?:[一二][零〇]|一[一四五六七八九]|二[一二四五六七八九]|三[零〇六七八九]|四[零〇六七八九])"
)
_MONTH = "(?:十[一二]?|[一二三四五六七八九])"
_DAYPART = (
    "(?:上午|下午|早上|早晨|清晨|晚上|今晚|明晚|昨晚|夜里|半夜|凌晨|中午|傍晚|深夜|今早|明早)"
)
_FREE = f"(?<![0-9{_NUMERALS}点第])"
_END = f"(?![0-9{_NUMERALS}])"
_ENDS = "$|[，。？！、,.?!]"
_VERSIONED = (
    "(?:python|java|node|ios|android|windows|ubuntu|debian|linux|macos|chrome|firefox|pytorch|cuda|"
    "gpt|http|usb|typescript|javascript|rust|ruby|php|swift|kotlin|pytorch|version)"
)

_LEFT = re.compile(
    "|".join(
        (
            "不管三七二十一|九九八十一|七七八八|三三两两|一五一十|成千上万|千千万万|千方百计",
            "十全十美|十万八千里|十万火急|[百千亿]万富翁|二百五(?![十点])|双十[一二]|三十而立|四十不惑",
            "十一(?=去|回|出|那|假期|长假|黄金周|国庆|放假|期间)|三十六计|七十二变|十八般|十二生肖|二十四节气",
            "八十一难|三百六十行|十三陵|一点一点|[一两二三]点一线|(?:周|星期|礼拜)[一二三四五六](?!十|点)",
            f"(?<![{_NUMERALS}])一二三(?![{_NUMERALS}])",
            "(?:一二三四|一二三|二三四|三四五|四五六)(?=[线级等章期楼]|年级|产业|季度)",
            "十月怀胎|[四五]月天(?![气黑])|六月飞雪|七月流火|八月桂花|三月不知肉味|十五的月亮",
            f"(?:长征|神舟|天舟|嫦娥|天宫|天问|北斗|东方红)[{_NUMERALS}]+号",
            "三十年河[东西]|五十步笑百步|一千零一夜|千儿八百|三六九等|一百零八将|二十四孝|十万个为什么",
            "一千个(?=读者|哈姆雷特)|上下五千年|十二星座|[四五]十好几|九一八事变|一二九运动|一二八事变",
            f"[{_NUMERALS}]+进制|百分之[{_NUMERALS}]+几|十[六七八九]大(?![于小])|二十大",
            # Days of the old calendar.
            f"(?:正月|腊月){_DAY}|大年[二三]十[一二三四五六七八九]?|(?<![\u4e00-\u9fff])年三十(?![一二三四五六七八九])|(?:二月二|三月三|五月五|六月六|"
            f"七月七|九月九|八月十五)(?![日号{_NUMERALS}])",
            "(?<=[早晚快慢好多少大小高低长短近远便轻重紧松差有])(?<![今明昨]晚)一点(?!半)",
            f"(?:[数几][十百千万亿]|上[百千万亿])[十百千万亿]*(?![{_NUMERALS}]|分之)",
            # Neighbouring digits are a guess: three or four, fifty or sixty, seventeen or eighteen.
            f"(?<![{_NUMERALS}点])(?:一[二两]|[二两]三|三[四五]|四五|五六|六七|七八|八九)(?:[十百千万亿]+|(?=[^{_NUMERALS}点年月号]))",
            f"[{_NUMERALS}]*十(?:一[二两]|二三|三四|四五|五六|六七|七八|八九)(?![{_NUMERALS}])",
            # Fractions stay in words, but for those of a hundred.
            f"(?<![{_NUMERALS}])(?!百分)[{_NUMERALS}]+分之[{_NUMERALS}]+",
        )
    )
)
"""Numerals that are words: nothing in them is written in digits."""

_LATIN_WORD = re.compile(
    r"(?!(?:mah|fps|[mg]bps|[gmk]hz|rpm|ppm|dpi|kwh)\b)[a-z]{3}", re.IGNORECASE
)

# Private characters stand for those of words that are left, so that no rule sees them.
_HIDE = {ord(c): 0xE000 + i for i, c in enumerate(_NUMERALS + "点")}
_SHOW = {hidden: shown for shown, hidden in _HIDE.items()}

_CLOCK_BEFORE = (
    "(?:[在到约从]|[今明后昨每]天|周.|星期.|礼拜.|[日号]|[待等]会儿?|一会儿?|大概|差不多)"
)
_CLOCK_AFTER = (
    "(?:的时候|起飞|到达|发车|见|开会|开始|出发|到|前|后|左右|之前|之后|以前|以后|才|就|的(?:会|飞机|火车|航班|闹钟)|下班|"
    "上班|吃饭|睡觉|起床|集合|结束|放学|上课|下课|回家|来|去)"
)


def write_chinese_numbers(text: str) -> str:
    """Write the numbers of a text in digits; words and what is in digits already stay."""
    text = _LEFT.sub(lambda match: match.group().translate(_HIDE), text)
    for pattern, written in _compiled():
        text = pattern.sub(partial(_apart, written), text)
    return text.translate(_SHOW)


@cache
def value_of(numeral: str) -> str:
    """Return a numeral in digits: 三千五百万 -> 3500万, 二零二六 -> 2026, 零五 -> 05."""
    if all(character in _DIGITS for character in numeral):
        return "".join(_DIGITS[character] for character in numeral)
    if numeral == "十":
        return "10"
    if re.fullmatch("[一二两三四五六七八九][百千万亿]", numeral) and numeral[1] in "万亿":
        return _DIGITS[numeral[0]] + numeral[1]
    written = normalizer("zh")(numeral.removeprefix("零"))
    if re.fullmatch(r"[1-9]\d{0,3}0000", written):
        return f"{written[:-4]}万"
    return written


def _apart(written: Callable[[re.Match[str]], str], match: re.Match[str]) -> str:
    """What is written for a match, as a word of its own after a Latin one: iPhone 15, but A4."""
    text = written(match)
    before = match.string[max(0, match.start() - 3) : match.start()]
    if not text[:1].isdigit():
        return text
    follows_word = re.fullmatch("[A-Za-z]{3}", before) is not None
    stands_before_word = _LATIN_WORD.match(match.string, match.end()) is not None
    return " " * follows_word + text + " " * stands_before_word


def _decimal(spoken: str) -> str:
    whole, _, rest = spoken.partition("点")
    return value_of(whole) + (f".{value_of(rest)}" if rest else "")


def _group_values(match: re.Match[str]) -> str:
    return groups_in_digits(match, value_of)


def _clock(match: re.Match[str]) -> str:
    before, hour, minute = match.groups()
    return f"{before}{value_of(hour)}:{value_of(minute):0>2}"


def _version(match: re.Match[str]) -> str:
    return ".".join(value_of(part) for part in match.group().split("点"))


def _versions(match: re.Match[str]) -> str:
    """A version after a name, and one it is set beside: python三点十二比三点十一."""
    name, one, between, other = match.groups()
    written = f"{name.strip()} {_decimal(one)}"
    return written + (f"{between}{_decimal(other)}" if other else "")


def _score(match: re.Match[str]) -> str:
    home, away = value_of(match[1]), value_of(match[2])
    small = max(len(match[1]), len(match[2])) == 1
    return match.group() if small else f"{home}:{away}"


def _money(match: re.Match[str]) -> str:
    return f"{value_of(match[1])}块{value_of(match[2].removeprefix('零'))}"


def _trillions(match: re.Match[str]) -> str:
    """三万亿 -> 3万亿, but 一万亿."""
    return match.group() if match.group() == "一" else value_of(match.group())


def _cardinal(match: re.Match[str]) -> str:
    numeral = match.group()
    if len(numeral) == 1 or numeral in ("一万", "一亿"):
        return numeral
    written = value_of(numeral)
    return written if written[0].isdigit() else numeral


_RULES: tuple[tuple[str, _Rewrite], ...] = (
    # 百分之三十五 -> 35%
    (f"百分之({_DECIMAL}|{_CARDINAL}){_END}", lambda match: f"{_decimal(match[1])}%"),
    (
        f"{_FREE}({_DECIMAL}|{_CARDINAL}) ?percent(?![a-z])",
        lambda match: f"{_decimal(match[1])}%",
    ),
    # 二零二六年十一月二十三日, 九五年
    (f"{_FREE}({_D}{{4}}|[零〇五六七八九]{_D}|{_SHORT_YEAR})(?=年)", _group_values),
    (
        f"(?<![{_NUMERALS}第点])({_MONTH})月(?:({_DAY})(?=[日号]|{_ENDS})|({_LATE_DAY}){_END})?",
        _group_values,
    ),
    # 九零后
    (f"{_FREE}([五六七八九零][零五])(?=后(?!面|来|[天年台者]))", _group_values),
    (
        f"{_FREE}({_DAY})(?=号(?!线|楼|门|桌|院|馆|机|店|病|登机|选手|公路|站|位|仓|库|柜|车|球|文件|方案|会议|教学|食堂|电池))",
        _group_values,
    ),
    # 二点一点三 -> 2.1.3
    (f"{_FREE}{_PART}(?:点{_PART}){{2,}}(?![0-9{_NUMERALS}点])", _version),
    # python三点十二 -> python 3.12
    (
        rf"(?i:(?<![a-z])({_VERSIONED}|{_VERSIONED} ?是) ?)({_CARDINAL}点{_PART})"
        rf"(?:(比|到|和|或|还是|升级?到|更新到)({_CARDINAL}点{_PART}))?{_END}",
        _versions,
    ),
    (f"(?:(?<=版本是)|(?<=版本号是)|(?<=版本号))({_CARDINAL}点{_PART}){_END}", _version),
    # 下午三点二十 -> 下午3:20, 三点二十分 -> 3点20分, 下午三点半 -> 下午3点半
    (f"({_DAYPART})({_HOUR})点({_MINUTE}){_END}(?!分)", _clock),
    (f"{_FREE}()({_HOUR})点([二三四五]?十[一二三四五六七八九]?){_END}(?!分)", _clock),
    (f"{_FREE}({_HOUR})点({_MINUTE}){_END}(?=分)", _group_values),
    (f"{_DAYPART}({_HOUR})点(?:({_1_9})(?=分))?", _group_values),
    (f"{_FREE}({_HOUR})点(?=半|一刻|三刻|整|钟)", _group_values),
    (f"{_CLOCK_BEFORE}({_HOUR})点(?![{_NUMERALS}])", _group_values),
    (f"(?:快到?|才|都|已经)({_HOUR})点(?=了|{_ENDS})", _group_values),
    (f"{_FREE}(?!零)()({_HOUR})点(零{_1_9})(?={_CLOCK_AFTER})", _clock),
    (f"{_FREE}({_HOUR})点(?={_CLOCK_AFTER})", _group_values),
    # 三点一四 -> 3.14, 负零点五 -> -0.5
    (f"(?<=版本){_CARDINAL}(?:点{_CARDINAL})?{_END}", _version),
    (
        f"{_FREE}(?:(?<![胜正自抱欺])(负))?({_DECIMAL})(?![点十百千])",
        lambda match: ("-" if match[1] else "") + _decimal(match[2]),
    ),
    # 二十一比十八 -> 21:18, but 三比二
    (f"{_FREE}({_CARDINAL})比({_CARDINAL}){_END}", _score),
    # 一米八五, 三块五, 打八折, 零下五度
    (f"{_FREE}([一二两三])米({_D}{{1,2}}){_END}", _group_values),
    (f"{_FREE}({_CARDINAL})块({_1_9})毛({_1_9}){_END}", _group_values),
    (f"{_FREE}({_CARDINAL})块(零?{_1_9})(?=毛|{_END})", _money),
    (f"{_FREE}({_CARDINAL}|{_D}+)元({_1_9})角(?:({_1_9})分)?", _group_values),
    (f"(?<=打)([一二三四五六七八九]{_D}?)(?=折)", _group_values),
    (f"{_FREE}([五六七八九][一二三四五六七八九])(?=折)", _group_values),
    # 三十七度五, 九秒五八, 一小时四十分钟
    (f"{_FREE}({_CARDINAL})度({_1_9})(?=[，。？！、了的到]|$)", _group_values),
    (f"{_FREE}({_CARDINAL})秒({_D}{{1,2}})(?=[，。？！、的]|$)", _group_values),
    (
        f"{_FREE}([一两二三四五六七八九])(?=(?:个?小时|分钟?)(?:{_LATE_DAY}|[四五]十{_1_9}?)[分秒])",
        _group_values,
    ),
    # 十到十五分钟
    (
        f"{_FREE}({_1_9}|十)[到至](十{_1_9}|[二三四五六七八九]十{_1_9}?|{_1_9}百{_TENS}?){_END}",
        _group_values,
    ),
    # 三乘五等于十五
    (
        f"{_FREE}({_CARDINAL})(?:加|减|乘|除以|乘以)({_CARDINAL})(?:等于|是)({_CARDINAL}){_END}",
        _group_values,
    ),
    (f"{_FREE}七乘二十四{_END}", lambda _: "7×24"),
    (f"(?:零下|[气体水]?温|摄氏|高烧|烧到|达到?)({_CARDINAL}|零)(?=度)", _group_values),
    # 0下5度, 8%点, 12秒 3: as a decoder writes them
    (r"(?<![\d.])0 ?下 ?(?=\d+ ?度)", lambda _: "零下"),
    (r"(?<=\d)% ?点(?=[，。？！、的以]|$)", lambda _: "个百分点"),
    (r"(?<=\d)秒 (?=\d{1,2}(?:[，。？！、的]|$))", lambda _: "秒"),
    (
        f"(?<![胜正自抱欺])负({_CARDINAL})(?=度|$|[，。？！])",
        lambda match: f"-{value_of(match[1])}",
    ),
    # 四零四 -> 404
    (f"(?<![0-9{_NUMERALS}])({_D}{{3,}}){_END}", _group_values),
    # 零二一，六二三四五六七八: the pause in a telephone number
    (r"(?<!\d)(0\d{2,3})[，, ](?=\d{7,8}(?!\d))", lambda match: f"{match[1]}-"),
    (f"{_FREE}({_THOUSANDS})(?=万亿{_END})", _trillions),
    (f"(?<![0-9{_NUMERALS}点])(?:{_CARDINAL}){_END}", _cardinal),
)
"""What is looked for, in this order, and how it is written."""


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], _Rewrite], ...]:
    # Takes half a second, which the loading of a model is not to wait for.
    return tuple((re.compile(pattern), written) for pattern, written in _RULES)
