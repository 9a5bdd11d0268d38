"""Colours of the grammar's words, as 8-bit sRGB."""

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
"""None is black, because the borders around the box are black and a viewer must see where the box ends."""
