"""Damage as it happens to files, and as somebody would do it on purpose."""

import io
import re
import zipfile
from random import Random

_NUMBERS = [
    0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF,
    2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1, 2**64 - 1,
]  # fmt: skip
_WORDS = [
    "-1", "0", "1e999", "-1e999", "nan", "1000000000", "9" * 40, "9" * 5000, "null", "true", "[]",
    "{}", '""', "\0", "\\u0000", "\\ud800", "\ufeff", "../../etc/passwd", "/dev/zero", "%s%n",
    "[" * 2000, "{" * 2000, '{"a":' * 2000, "&a [*a,*a]", "!!python/object:os.system", "~root",
    "x" * 100_000, "\u2028", "\r", "\t", "->", "#",
]  # fmt: skip
_TOKEN = re.compile(r"[\w.+-]+")
_MOST_BYTES = 8 << 20


def damaged(content: bytes, random: Random) -> bytes:
    """Return `content` after one to four injuries."""
    if content[:4] == b"PK\x03\x04" and random.random() < 0.6:
        return _damaged_member(content, random)
    for _ in range(random.randint(1, 4)):
        injuries = [_flip, _overwrite, _cut, _remove, _repeat, _length]
        if _is_text(content):
            injuries += [_word, _word, _word, _swap, _swap]
        content = random.choice(injuries)(content, random)[:_MOST_BYTES]
    return content


def _is_text(content: bytes) -> bool:
    return b"\0" not in content[:1000]


def _place(content: bytes, random: Random) -> int:
    # Headers are short and matter most.
    most = min(64, len(content)) if random.random() < 0.4 else len(content)
    return random.randint(0, max(0, most - 1))


def _flip(content: bytes, random: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 8, 64))):
        if changed:
            changed[_place(content, random)] ^= 1 << random.randrange(8)
    return bytes(changed)


def _overwrite(content: bytes, random: Random) -> bytes:
    at = _place(content, random)
    noise = random.choice((b"\0", b"\xff", random.randbytes(1))) * random.choice((1, 2, 4, 16, 300))
    return content[:at] + noise + content[at + len(noise) :]


def _cut(content: bytes, random: Random) -> bytes:
    return content[: _place(content, random)]


def _remove(content: bytes, random: Random) -> bytes:
    at = _place(content, random)
    return content[:at] + content[at + random.choice((1, 2, 4, 100, 5000)) :]


def _repeat(content: bytes, random: Random) -> bytes:
    at, length = _place(content, random), random.choice((1, 4, 50, 1000))
    return content[:at] + content[at : at + length] * random.choice((2, 3, 100)) + content[at:]


def _length(content: bytes, random: Random) -> bytes:
    at, size = _place(content, random), random.choice((1, 2, 4, 8))
    number = random.choice(_NUMBERS) & ((1 << 8 * size) - 1)
    order = random.choice(("little", "big"))
    return content[:at] + number.to_bytes(size, order) + content[at + size :]


def _word(content: bytes, random: Random) -> bytes:
    text = content.decode("utf-8", errors="replace")
    found = list(_TOKEN.finditer(text))
    if not found:
        return random.choice(_WORDS).encode("utf-8", errors="replace")
    token = random.choice(found)
    word = random.choice(_WORDS)
    return (text[: token.start()] + word + text[token.end() :]).encode("utf-8", errors="replace")


def _swap(content: bytes, random: Random) -> bytes:
    text = content.decode("utf-8", errors="replace")
    found = list(_TOKEN.finditer(text))
    if len(found) < 2:
        return content
    token, other = random.choice(found), random.choice(found)
    return (text[: token.start()] + other.group() + text[token.end() :]).encode("utf-8")


def _damaged_member(content: bytes, random: Random) -> bytes:
    """Damage one file of a zip archive and give it a right checksum."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(result, "w") as new:
        names = old.namelist()
        # The pickle says what there is; the rest is numbers.
        pickles = [name for name in names if name.endswith(".pkl")]
        victim = random.choice(pickles if pickles and random.random() < 0.8 else names)
        for name in names:
            member = old.read(name)
            new.writestr(name, damaged(member, random) if name == victim else member)
    return result.getvalue()
