"""What the words for colours look like, as 8-bit sRGB."""

from __future__ import annotations

RGB = tuple[int, int, int]

COLOURS: dict[str, RGB] = {
    "red": (214, 40, 40),
    "orange": (247, 127, 0),
    "yellow": (250, 215, 40),
    "green": (46, 160, 67),
    "blue": (48, 112, 230),
    "purple": (155, 70, 205),
}
BACKGROUNDS: dict[str, RGB] = {
    "white": (240, 240, 236),
    "grey": (140, 143, 146),
    "navy": (24, 32, 72),
    "charcoal": (56, 54, 58),
}
"""None is black: what surrounds the box is, and a viewer must be able to see where the box ends."""
