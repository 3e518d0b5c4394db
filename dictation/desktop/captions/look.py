"""How the caption's card looks: colours, and the picture behind its text."""

import base64
import io
from dataclasses import dataclass

from PIL import Image, ImageDraw

from dictation.desktop.captions.base import Stage
from dictation.events import Language

_SMOOTH = 4


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a theme; contrast of all text to its ground is at least 4.5 (WCAG AA)."""

    card: str
    edge: str
    text: str
    quiet: str
    unstable: str
    error: str
    pill_text: str
    stages: dict[Stage, str]
    languages: dict[Language, str]


DARK = Palette(
    card="#1a1d24",
    edge="#3b424f",
    text="#f4f6fa",
    quiet="#a3adbd",
    unstable="#9db8e8",
    error="#ff9a8f",
    pill_text="#ffffff",
    stages={
        "listening": "#ff6b5e",
        "partial": "#ff6b5e",
        "finishing": "#ffb84d",
        "final": "#4cc38a",
        "error": "#ff6b5e",
    },
    languages={"zh": "#23804a", "en": "#2f6fde", "mix": "#8e44ad"},
)
LIGHT = Palette(
    card="#ffffff",
    edge="#cfd5de",
    text="#171a21",
    quiet="#56606f",
    unstable="#3f62a8",
    error="#b3261e",
    pill_text="#ffffff",
    stages={
        "listening": "#d93a2f",
        "partial": "#d93a2f",
        "finishing": "#b26a00",
        "final": "#23804a",
        "error": "#b3261e",
    },
    languages={"zh": "#23804a", "en": "#2a64c9", "mix": "#8e44ad"},
)


@dataclass(frozen=True, slots=True)
class Card:
    """The measures of a card in pixels; `pill` is the place of the language's label."""

    width: int
    height: int
    radius: int
    dot: tuple[int, int, int]
    pill: tuple[int, int, int, int] | None


def draw_card(card: Card, palette: Palette, stage: Stage, language: Language | None) -> str:
    """The picture behind the text, as base64 PNG for Tk."""
    image = Image.new("RGB", (card.width, card.height), palette.edge)
    _fill(image, (1, 1, card.width - 1, card.height - 1), card.radius - 1, palette.card)
    x, y, radius = card.dot
    _fill(image, (x - radius, y - radius, x + radius, y + radius), radius, palette.stages[stage])
    if card.pill is not None and language is not None:
        _, top, _, bottom = card.pill
        _fill(image, card.pill, (bottom - top) // 2, palette.languages[language])
    written = io.BytesIO()
    image.save(written, "PNG", compress_level=1)
    return base64.b64encode(written.getvalue()).decode()


def _fill(image: Image.Image, box: tuple[int, int, int, int], radius: int, colour: str) -> None:
    """A rounded rectangle with smooth corners; only the corners are drawn large and shrunk."""
    left, top, right, bottom = box
    large = Image.new("L", (2 * radius * _SMOOTH, 2 * radius * _SMOOTH), 0)
    ImageDraw.Draw(large).ellipse((0, 0, large.width - 1, large.height - 1), fill=255)
    disc = large.resize((2 * radius, 2 * radius), Image.Resampling.LANCZOS)
    mask = Image.new("L", (right - left, bottom - top), 255)
    for x, from_x in ((0, 0), (mask.width - radius, radius)):
        for y, from_y in ((0, 0), (mask.height - radius, radius)):
            mask.paste(disc.crop((from_x, from_y, from_x + radius, from_y + radius)), (x, y))
    image.paste(colour, box, mask)


def rounded_rows(width: int, height: int, radius: int) -> list[tuple[int, int, int, int]]:
    """A rounded rectangle as rows (x, y, width, height), for the server's shape of a window."""
    rows = []
    for offset in range(radius):
        up = radius - offset - 0.5
        inset = round(radius - (radius**2 - up**2) ** 0.5)
        rows.append((inset, offset, width - 2 * inset, 1))
        rows.append((inset, height - 1 - offset, width - 2 * inset, 1))
    rows.append((0, radius, width, height - 2 * radius))
    return rows


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours by WCAG 2.2, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
