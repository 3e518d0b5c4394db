"""Make lists of Mandarin and mixed sentences for `dictation synthesize --texts` from free packages.

The packages are Debian's, unpacked side by side (`apt-get download NAME`, `dpkg-deb -x NAME.deb
FOLDER/NAME`): translations (gettext catalogues of zh_CN), manual pages and documentation in HTML.
The starter's come from wesnoth-1.16-data, cataclysm-dda-data, freeciv-data, evolution-common,
gnucash-common, kmymoney-common, krita-l10n, digikam-data, kdenlive-data, darktable, gramps,
kstars-data, inkscape, audacity-data, wordpress-l10n (GPL or CC BY-SA), manpages-zh, gimp-help-zh-cn
(GFDL), libreoffice-help-zh-cn (MPL), debian-handbook, debian-reference-zh-cn, debian-faq-zh-cn,
maint-guide-zh-cn, installation-guide-amd64 (GPL) and gnome-user-docs (CC BY-SA).
"""

import gettext
import gzip
import html
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import typer
from opencc import OpenCC

_HAN = "\u4e00-\u9fff"
_MANDARIN = re.compile(rf"[{_HAN}，：；、]+[。？！]")
_MIXED = re.compile(rf"[{_HAN}，：；、A-Za-z ]+[。？！]")
_WORD = re.compile(
    r"[A-Z]{2,6}s?|[A-Z][a-z]{2,13}|[a-z]{4,13}|app|bug|log|git|web|key|ssh|tag|root|LibreOffice|"
    r"OpenOffice|PostgreSQL|JavaScript|GitHub|YouTube|MySQL|SQLite|LaTeX|macOS|WordPress|iPhone"
)
_TAGS = re.compile(r"(?is)<(script|style|pre|head)\b.*?</\1>|<[^>]*>")
_BLOCK = re.compile(r"(?i)</?(p|div|li|td|tr|h\d|dt|dd|br|title|item|note|table)\b[^>]*>")
_CODE = re.compile(r"%[a-z(]|\$\w|[{}\\<>=_|@#~^/&+]|\d|://|\.[a-zA-Z]")
_BRACKETS = re.compile(r"（[^（）]*）|\([^()]*\)|\[[^\]]*\]|【[^】]*】")
_QUOTES = re.compile(r"[“”‘’\"'《》〈〉「」『』*`…]+")
_WIDE = str.maketrans(",?!;:", "，？！；：")
_LONGEST, _OF_A_PACKAGE = 36, 6000


def main(folder: Path, out: Path) -> None:
    """Write OUT/zh.txt and OUT/mix.txt from the packages unpacked in FOLDER, a folder for each."""
    simplify = OpenCC("t2s").convert
    mandarin: dict[str, None] = {}
    mixed: dict[str, None] = {}
    alike: Counter[str] = Counter()
    for package in sorted(path for path in folder.iterdir() if path.is_dir()):
        found: dict[str, None] = {}
        for text in _texts(package):
            for sentence in re.findall(r"[^。！？!?\n]+[。！？!?]", text):
                cleaned = simplify(_cleaned(sentence))
                if cleaned and _is_natural(cleaned):
                    found[cleaned] = None
        chosen = list(found)
        random.Random(package.name).shuffle(chosen)
        for sentence in chosen[:_OF_A_PACKAGE]:
            characters = "".join(re.findall(f"[{_HAN}]", sentence))
            ends = (characters[:7], "." + characters[-8:])
            if max(alike[end] for end in ends) < 3:  # of one template a few are enough
                alike.update(ends)
                (mixed if re.search("[A-Za-z]", sentence) else mandarin)[sentence] = None
        print(f"{package.name}: {len(mandarin)} Mandarin and {len(mixed)} mixed so far")
    out.mkdir(parents=True, exist_ok=True)
    for name, sentences in (("zh", mandarin), ("mix", mixed)):
        (out / f"{name}.txt").write_text("\n".join(sentences) + "\n", encoding="utf-8")


def _texts(package: Path) -> Iterator[str]:
    for path in sorted(package.rglob("*")):
        place = path.as_posix().replace("-", "_").lower()
        if "zh" not in place or not path.is_file():
            continue
        if path.suffix == ".mo":
            yield from _translations(path)
        elif path.suffix in (".html", ".page", ".xhtml"):
            marked = path.read_text(encoding="utf-8", errors="replace")
            yield from _paragraphs(html.unescape(_TAGS.sub("", _BLOCK.sub("\n\n", marked))))
        elif path.suffix == ".gz" and "/man/" in place:
            with gzip.open(path, "rt", encoding="utf-8", errors="replace") as file:
                yield from _paragraphs(_plain(file.read()))


def _translations(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        catalogue = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    for text in catalogue.values():
        if isinstance(text, str):
            yield _TAGS.sub("", text)


def _plain(page: str) -> str:
    """Return a manual page without its marks (man(7))."""
    page = re.sub(r"\\f.|\\s[+-]?\d|\\\(..|\\&", "", page).replace("\\-", "-")
    page = re.sub(r"(?m)^\.(B|I|BR|IR|RB|BI|IB|RI) +", "", page)
    return re.sub(r"(?m)^[.'].*$", "\n\n", page)


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text):
        yield re.sub(r"\s*\n\s*", " ", paragraph.strip())


def _cleaned(sentence: str) -> str:
    """Return a sentence without brackets and quotes, nothing for one that has code in it."""
    sentence = _QUOTES.sub("", _BRACKETS.sub("", sentence))
    if _CODE.search(sentence):
        return ""
    sentence = re.sub(r"\s+", " ", sentence.translate(_WIDE))
    sentence = re.sub(rf"(?<=[{_HAN}，。？！：；、]) | (?=[{_HAN}，。？！：；、])", "", sentence)
    between = rf"(?<=[{_HAN}])(?=[A-Za-z])|(?<=[A-Za-z])(?=[{_HAN}])"
    return re.sub(between, " ", sentence.strip(" ，：；、.-"))


def _is_natural(sentence: str) -> bool:
    characters = re.findall(f"[{_HAN}]", sentence)
    if not 8 <= len(characters) <= _LONGEST or not _common("".join(characters)):
        return False
    words = re.findall("[A-Za-z]+", sentence)
    if not words:
        return _MANDARIN.fullmatch(sentence) is not None
    known = all(_WORD.fullmatch(word) for word in words)
    return known and len(words) <= 4 and _MIXED.fullmatch(sentence) is not None


def _common(characters: str) -> bool:
    try:
        return len(characters.encode("gb2312")) == 2 * len(characters)
    except UnicodeEncodeError:
        return False


if __name__ == "__main__":
    typer.run(main)
