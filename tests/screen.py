"""What an X screen shows, as numbers."""

import numpy as np
from numpy.typing import NDArray
from Xlib import X
from Xlib.display import Display


def screen_colours(display: str) -> NDArray[np.uint32]:
    """The screen's pixels as 0xRRGGBB, rows first."""
    connection = Display(display)
    try:
        root = connection.screen().root
        size = root.get_geometry()
        image = root.get_image(0, 0, size.width, size.height, X.ZPixmap, 0xFFFFFFFF)
        pixels = np.frombuffer(image.data, dtype="<u4").reshape(size.height, size.width)
        return pixels & 0xFFFFFF
    finally:
        connection.close()


def number(colour: str) -> int:
    """A colour such as "#1a1d24" as the number it has in `screen_colours`."""
    return int(colour.removeprefix("#"), 16)
