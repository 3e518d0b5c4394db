"""Spaces and the width of marks, where Chinese and Latin meet."""

import re

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_COUNTERS = (
    "点年月日号时分秒个块元度人倍岁米只张条本次天周万亿千百公克斤里平方寸吨升页章节楼层室"
    "位名台辆件双套家届期级代折毛角种门步行版多份款杯瓶集篇帧兆"
    "几余首颗朵棵粒支匹座栋户碗盒包箱袋桶枚幅句段字码迈核"
)
_LONG_COUNTERS = (
    "小时|毫[米升秒克]|[厘纳微]米|[美欧日港]元|英镑|港币|[摄华]氏度|世纪|英[寸尺里]|"
    "[瓦伏]|赫兹|学年"
)
_BORN = "(?<=[05-9][05])后(?!面|来|[天年台者，])"
_UNITS = f"(?:(?!页面|级别|字母|段落)[{_COUNTERS}]|来[{_COUNTERS}]|{_LONG_COUNTERS}|{_BORN})"
_NUMBER = r"\d+(?:[.,:]\d+)*"

_COUNTED = f"{_NUMBER}(?:[到至]{_NUMBER})?{_UNITS}"

_JOINED = re.compile(rf"(?<=[{_HAN}]) ?({_NUMBER}) ?(?={_UNITS})")
_NUMBER_FIRST = re.compile(rf"(?<![{_HAN}\w.,:] )(?<![\w.,:])({_NUMBER}) (?={_UNITS})")
_HAN_LATIN = re.compile(
    rf"(?<=[{_HAN}])(?=[A-Za-z@#$€]|-?\d)(?!-?{_COUNTED})(?!(?<=第)\d)(?!(?<=\d[{_COUNTERS}])\d)"
)
_LATIN_HAN = re.compile(
    rf"(?<=[A-Za-z%+#])(?=[{_HAN}])|(?<=\d)(?=[{_HAN}])(?!{_UNITS}|[到至]{_NUMBER}{_UNITS})"
)
_WITHIN = re.compile(
    rf"(?<=第) (?=\d)|(?<=\d点) (?=\d)|(?<=\d月\d) (?=[{_HAN}])|(?<=\d月\d\d) (?=[{_HAN}])"
)
_AROUND_FULL_WIDTH = re.compile(r"[ \t]*([，。？！；：、…《》「」『』（）“”])[ \t]*")
_BETWEEN = re.compile(rf"(?<=[{_HAN}]) +(?=[A-Za-z0-9@#$€-])|(?<=[A-Za-z0-9%+#]) +(?=[{_HAN}])")

_SPELLED = re.compile(r"(?<![A-Za-z0-9@'’])[A-Z](?: [A-Z])+(?![A-Za-z0-9@])")
_HAN_BEFORE, _HAN_AFTER = re.compile(rf"[{_HAN}] ?$"), re.compile(rf" ?[{_HAN}]")

_PARTICLES = frozenset("的了是在把这那就都也吗呢吧有和跟要不会")
_FULL = dict(zip(",.?!;:", "，。？！；：", strict=True))
_HALF = {full: half for half, full in _FULL.items()} | {"、": ","}
_INTERJECTION = 2
"""Latin words that may stand before Chinese without being a sentence of their own."""

_SENTENCE = re.compile(
    r"[^。？！?!\n]*?(?:[。？！?!\n]+|\.(?=\s|$|[\u3400-\u4dbf\u4e00-\u9fff])|$)"
)


def space_scripts(text: str) -> str:
    """Put one space where Chinese meets Latin words and numbers, none beside full-width marks.

    A number that counts something stays with what it counts: 下午3点半, but code 是 404. Letters
    that were spelled out are one word: ICC.
    """
    text = join_letters(text)
    text = _JOINED.sub(r"\1", text)
    text = _NUMBER_FIRST.sub(r"\1", text)
    text = _HAN_LATIN.sub(" ", text)
    text = _LATIN_HAN.sub(" ", text)
    text = _WITHIN.sub("", text)
    return _AROUND_FULL_WIDTH.sub(r"\1", text).strip(" ")


def join_letters(text: str) -> str:
    """Write capital letters that stand apart as one word, two of them beside Chinese only: plan A
    and I in English are words."""

    def joined(run: re.Match[str]) -> str:
        letters = run.group().replace(" ", "")
        beside = _HAN_BEFORE.search(text, 0, run.start()) or _HAN_AFTER.match(text, run.end())
        return letters if len(letters) > 2 or beside else run.group()

    return _SPELLED.sub(joined, text)


def unspace_scripts(text: str) -> str:
    """Take the spaces away where Chinese meets Latin words and numbers."""
    return _AROUND_FULL_WIDTH.sub(r"\1", _BETWEEN.sub("", text)).strip(" ")


def fit_marks(text: str) -> str:
    """Make the marks of each sentence full-width or half-width, as its main script has them."""
    return "".join(
        _fit_sentence(sentence.group(), text[sentence.end() : sentence.end() + 1])
        for sentence in _SENTENCE.finditer(text)
    )


def is_chinese(sentence: str) -> bool:
    """Whether a sentence is a Chinese one: by its grammar, or by what there is more of."""
    characters = re.findall(f"[{_HAN}]", sentence)
    words = re.findall(r"[A-Za-z][A-Za-z0-9'’.-]*", sentence)
    return len(characters) >= max(1, len(words)) or not _PARTICLES.isdisjoint(characters)


def _fit_sentence(sentence: str, following: str) -> str:
    if is_chinese(sentence):
        sentence = re.sub(r"\.{3,}", "……", sentence)
        return re.sub(
            rf"(?<=[{_HAN}])\s*([,.?!;:])(?!\d)|(?<=[\w%\"”])\s*([,.?!;:])(?=\s|$|[{_HAN}])",
            lambda mark: _FULL[mark.group(1) or mark.group(2)],
            sentence,
        )
    if re.search("[A-Za-z]", sentence) is None:
        return sentence

    sentence = re.sub(r"(?<=\w) +(?=[,.?!;:](?:\s|$))", "", sentence)

    def halved(mark: re.Match[str]) -> str:
        rest = mark.string[mark.end() :] or following
        return _HALF[mark.group(1)] + ("" if rest[:1] in ("", "\n") else " ")

    if re.match(f"[{_HAN}]", following):
        # OK。那我们走吧: a word or two are no sentence of another language.
        short = len(re.findall(r"[A-Za-z][\w'’-]*", sentence)) <= _INTERJECTION
        sentence = re.sub(r"[.。]$", "。" if short else ". ", sentence)
        if short:
            return sentence
    return re.sub(rf"(?<![{_HAN}])\s*([，。？！；：、])\s*(?![{_HAN}])", halved, sentence)
