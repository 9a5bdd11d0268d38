"""Facts about the public HappyHorse model that more than one room needs, each with its source.

"Public code" is GAIR-NLP/daVinci-MagiHuman (arXiv 2603.21986). Sizes of the network are in `config`; what
differs between its checkpoints is in `kinds`. Imports nothing heavy.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

Precision = Literal["bf16", "fp8", "int8", "int4"]
"""Type of the weights of the four large products in each layer."""
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


class Resolution(NamedTuple):
    """Size of a clip in pixels."""

    width: int
    height: int


# Time and space, from the public code's configuration and Wan2.2's autoencoder.
FPS = 25
"""Video frames in a second. There is one audio latent for each frame."""
TEMPORAL_STRIDE = 4
"""Video frames in each latent frame but the first, which holds one."""
SPATIAL_STRIDE = 16
"""Pixels along one side of a latent pixel."""
PATCH = 2
"""Latent pixels along one side of a token."""
SIDE_MULTIPLE = SPATIAL_STRIDE * PATCH
"""Pixels along one side of a token: each side of a clip is a multiple of it."""
WINDOW = 63
"""Latent frames in 10 s, the longest clip that the public code makes."""

RESOLUTIONS = {
    "256p": Resolution(448, 256),
    "540p": Resolution(896, 512),
    "1080p": Resolution(1920, 1088),
}
"""Clip sizes by name, from the public code's examples; "540p" has 512 lines and "1080p" has 1088."""

# Text, from the public code's prompt encoder.
TEXT_TOKENS = 640
"""Largest number of text tokens; the public code cuts off the rest."""
USUAL_TEXT_TOKENS = 400
"""Text tokens of a detailed prompt, for which costs are stated."""

# Noise levels, from the public code's schedulers.
FIRST_LEVEL = 0.999
"""Share of noise before the first step, before the shift."""
SHIFT = 5.0
"""Shift s of noise levels towards noise: level → s·level / (1 + (s − 1)·level)."""
TRAINED_LEVELS = 1000
"""Number of noise levels in the public models' training."""

# Hardware.
FLOPS_PER_S = 790e12
"""Sustained bfloat16 FLOP/s of one H200: 80 % of its dense peak of 989 TFLOP/s."""
