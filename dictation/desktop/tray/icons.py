"""The tray's icon, drawn; each state has a shape of its own, so that colour is never needed."""

from PIL import Image, ImageDraw

from dictation.desktop.tray.base import Status
from dictation.events import Language

LANGUAGE_COLOURS: dict[Language, str] = {"zh": "#2e9e5b", "en": "#2f6fde", "mix": "#8e44ad"}

_TILES: dict[Status, str] = {
    "loading": "#5b6472",
    "idle": "#3d4655",
    "listening": "#c8372d",
    "speaking": "#c8372d",
    "finishing": "#9a6700",
    "muted": "#3d4655",
    "error": "#1f2430",
}
_GRID = 64
_SMOOTH = 4


def draw_icon(status: Status, language: Language | None, size: int) -> Image.Image:
    """A square RGBA picture of `size` pixels for light and dark panels alike.

    Loading: a hollow microphone, dotted; idle: a hollow microphone; listening: a full one;
    speaking: with waves; finishing: three dots; muted: struck out; error: an exclamation mark. The
    language is a badge in the corner: a disc for Chinese, a square for English, a diamond for both.
    """
    scale = size * _SMOOTH / _GRID
    image = Image.new("RGBA", (size * _SMOOTH, size * _SMOOTH), (0, 0, 0, 0))
    pen = _Pen(ImageDraw.Draw(image), scale)
    pen.box(2, 2, 62, 62, radius=15, fill=_TILES[status], outline="#ffffff55", width=2)
    match status:
        case "loading":
            pen.microphone(full=False)
            for x in (20, 32, 44):
                pen.disc(x, 57, 2.5, "#ffffff")
        case "idle":
            pen.microphone(full=False)
        case "listening":
            pen.microphone(full=True)
        case "speaking":
            pen.microphone(full=True)
            pen.waves()
        case "finishing":
            for x in (17, 32, 47):
                pen.disc(x, 32, 6, "#ffffff")
        case "muted":
            pen.microphone(full=False)
            pen.slash()
        case "error":
            pen.box(28, 12, 36, 38, radius=4, fill="#ffd166")
            pen.disc(32, 48, 5, "#ffd166")
    if language is not None:
        pen.badge(language)
    return image.resize((size, size), Image.Resampling.LANCZOS)


class _Pen:
    """Draws in the units of a 64 x 64 grid."""

    def __init__(self, draw: ImageDraw.ImageDraw, scale: float) -> None:
        self._draw = draw
        self._scale = scale

    def _scaled(self, *values: float) -> list[float]:
        return [value * self._scale for value in values]

    def _width(self, width: float) -> int:
        return max(1, round(width * self._scale))

    def box(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        *,
        radius: float,
        fill: str | None,
        outline: str | None = None,
        width: float = 0,
    ) -> None:
        self._draw.rounded_rectangle(
            self._scaled(left, top, right, bottom),
            radius * self._scale,
            fill=fill,
            outline=outline,
            width=self._width(width) if outline else 0,
        )

    def disc(self, x: float, y: float, radius: float, fill: str) -> None:
        self._draw.ellipse(self._scaled(x - radius, y - radius, x + radius, y + radius), fill=fill)

    def microphone(self, *, full: bool) -> None:
        white = "#ffffff"
        self.box(24, 11, 40, 37, radius=8, fill=white if full else None, outline=white, width=4.5)
        self._draw.arc(self._scaled(17, 19, 47, 45), 0, 180, fill=white, width=self._width(4.5))
        self.box(29.7, 43, 34.3, 52, radius=1, fill=white)

    def waves(self) -> None:
        for left, start in ((5, 130), (45, -50)):
            self._draw.arc(
                self._scaled(left, 13, left + 14, 35),
                start,
                start + 100,
                fill="#ffffff",
                width=self._width(4),
            )

    def slash(self) -> None:
        for width, fill in ((10.0, _TILES["muted"]), (5.0, "#ffffff")):
            ends = self._scaled(13, 10, 51, 54)
            self._draw.line(ends, fill=fill, width=self._width(width))

    def badge(self, language: Language) -> None:
        colour, x, y = LANGUAGE_COLOURS[language], 49.0, 49.0
        for radius, fill in ((14.0, "#ffffff"), (10.5, colour)):
            if language == "zh":
                self.disc(x, y, radius, fill)
            elif language == "en":
                side = radius * 0.88
                self.box(x - side, y - side, x + side, y + side, radius=3, fill=fill)
            else:
                tip = radius * 1.08
                points = [(x, y - tip), (x + tip, y), (x, y + tip), (x - tip, y)]
                self._draw.polygon(
                    [(a * self._scale, b * self._scale) for a, b in points], fill=fill
                )
