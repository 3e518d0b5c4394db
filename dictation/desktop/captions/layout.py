"""Where the lines of a caption break and where its card goes: decisions without a window."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_NO_LINE_START = frozenset("，。、；：？！…—·～）》」』】〕〉”’%,.;:?!)]}»°")
_NO_LINE_END = frozenset("（《「『【〔〈“‘([{«$￥#")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the screen, in pixels."""

    x: int
    y: int
    width: int
    height: int

    def holds(self, x: int, y: int) -> bool:
        """Whether a point lies inside."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


@dataclass(frozen=True, slots=True)
class Monitor:
    """A monitor as the screen's server knows it."""

    name: str
    box: Box
    primary: bool = False


def displayable(text: str) -> str:
    """The text without what Tk cannot be trusted with.

    Colour emoji end the whole program with an X error where libXft is older than 2.3.5.
    """
    return "".join(
        character
        for character in text
        if not (0x1F000 <= ord(character) <= 0x1FAFF or ord(character) in (0xFE0F, 0x200D))
        and (character >= " " or character == "\n")
    )


def wrap(text: str, measure: Callable[[str], int], width: int) -> list[str]:
    """Break a text into lines at most `width` wide, by `measure`.

    Chinese breaks between any two characters, but a line neither starts with closing punctuation
    nor ends with opening punctuation (the rules of GB/T 15834); Latin words stay whole while they
    fit a line.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for piece in _pieces(paragraph):
            if not line or measure((line + piece).rstrip()) <= width:
                line += piece if line else piece.lstrip()
            else:
                lines.append(line.rstrip())
                line = piece.lstrip()
            while measure(line.rstrip()) > width and len(line) > 1:
                cut = _fitting(line, measure, width)
                lines.append(line[:cut])
                line = line[cut:]
        lines.append(line.rstrip())
    return lines


def last_lines(lines: Sequence[str], count: int) -> tuple[list[str], bool]:
    """The end of a text that is too long, and whether something was left off before it."""
    return list(lines[-count:]), len(lines) > count


def split_lines(lines: Sequence[str], stable: str) -> list[tuple[str, str]]:
    """The lines of a text as (stable, unstable) halves, given the stable beginning of the text.

    Breaking a text into lines costs spaces only, so everything else is counted.
    """
    left = len("".join(stable.split()))
    halves = []
    for line in lines:
        end = 0
        while end < len(line) and (left > 0 or line[end].isspace()):
            left -= not line[end].isspace()
            end += 1
        halves.append((line[:end], line[end:]))
    return halves


def clock_face(seconds: float) -> str:
    """A duration as minutes and seconds, such as 0:07."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"


def loudness(level: float) -> float:
    """A level in dBFS as the share of a meter that it fills: silence 0, a raised voice 1."""
    return min(1.0, max(0.0, (level + 60.0) / 48.0))


def place(card: tuple[int, int], monitor: Box, *, top: bool, margin: int) -> tuple[int, int]:
    """The corner of a card in the middle of a monitor's lower (or upper) edge."""
    width, height = card
    x = monitor.x + (monitor.width - width) // 2
    return x, monitor.y + margin if top else monitor.y + monitor.height - margin - height


def choose_monitor(
    monitors: Sequence[Monitor],
    wanted: str,
    focus: tuple[int, int] | None,
    pointer: tuple[int, int],
    screen: Box,
) -> Box:
    """The monitor to show something on; the whole screen where none is known.

    `wanted` is "focus", "pointer", "primary" or a name; without focus the pointer says where the
    user is, and a monitor that is not there (any more) gives way to the primary one.
    """
    point = {"focus": focus or pointer, "pointer": pointer}.get(wanted)
    for monitor in monitors:
        if monitor.name == wanted or (point is not None and monitor.box.holds(*point)):
            return monitor.box
    ordered = sorted(monitors, key=lambda monitor: not monitor.primary)
    return ordered[0].box if ordered else screen


def _fitting(line: str, measure: Callable[[str], int], width: int) -> int:
    """How many characters of a line fit, at least one."""
    low, high = 1, len(line)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(line[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low


def _pieces(paragraph: str) -> Iterator[str]:
    """The parts of a paragraph that must not be broken, each with the spaces before it."""
    piece = ""
    for character in paragraph:
        if piece and _may_break(piece[-1], character):
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def _may_break(before: str, after: str) -> bool:
    if after in _NO_LINE_START or before in _NO_LINE_END:
        return False
    if after == " ":
        return before != " "
    return before != " " and (_is_wide(before) or _is_wide(after))


def _is_wide(character: str) -> bool:
    """Whether a character is of a script that is written without spaces."""
    code = ord(character)
    return (
        0x2E80 <= code <= 0xD7FF
        or 0xF900 <= code <= 0xFAFF
        or code >= 0xFE30
        or (character in "“”‘’…—·")
    )
