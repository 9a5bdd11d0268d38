"""Colour tags of files, as numbers of ISO/IEC 23091-2: the convertible ones, and the refused ones."""

from __future__ import annotations

from arena.media.intake import UnusableMedia

UNSPECIFIED = 2
HDR_TRANSFERS = {16: "PQ", 18: "HLG"}
DOLBY_VISION_ENTRIES = {"dvhe", "dvh1", "dvav", "dva1", "dav1"}
"""Sample entries of streams without an ordinary base layer, which only Dolby Vision shows correctly."""
CONVERTIBLE_MATRICES = {0, 1, UNSPECIFIED, 4, 5, 6, 7, 9}
"""Matrices of RGB and of every YCbCr with constant weights; not YCgCo, constant luminance or ICtCp."""

# Names in ffmpeg's filter `colorspace`. The primaries of standard television (5, 6, 7) are left as they
# are: most files that name them were made from BT.709's, and browsers differ in whether they believe it.
WIDE_GAMUTS = {4: "bt470m", 8: "film", 9: "bt2020", 11: "smpte431", 12: "smpte432"}
TRANSFERS = {5: "gamma28", 8: "linear", 13: "iec61966-2-1"}
BT2020_MATRIX = 9
BT2020_PRIMARIES = 9
ORDINARY_TRANSFER = "gamma22"
"""Curve for all other tags: they describe cameras, but a gamut should look as a display showed it."""


def complete_primaries(primaries: int, matrix: int) -> int:
    """Return the primaries, or those of BT.2020 if they are untagged and the matrix is BT.2020's."""
    return BT2020_PRIMARIES if primaries == UNSPECIFIED and matrix == BT2020_MATRIX else primaries


def refuse_unshowable(transfer: int, matrix: int, entry: str) -> None:
    """Refuse HDR and matrices that can't be converted.

    Raises:
        UnusableMedia: with what the video is and how to export it instead.
    """
    hdr = "Dolby Vision" if entry in DOLBY_VISION_ENTRIES else HDR_TRANSFERS.get(transfer)
    if hdr:
        raise UnusableMedia(f"The video is HDR ({hdr}). Export it in standard range (BT.709).")
    if matrix not in CONVERTIBLE_MATRICES:
        raise UnusableMedia(
            f"The video's colour matrix can't be converted here: number {matrix} of ISO/IEC 23091-2. "
            "Export it in BT.709."
        )
