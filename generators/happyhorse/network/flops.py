"""FLOPs of a forward pass: two for each multiplication with its addition.

Counted as by Kaplan et al. (2020, arXiv 2001.08361, section 2.1), with attention within a window.
"""

from __future__ import annotations

from generators.happyhorse.network.config import HappyHorseConfig
from generators.happyhorse.network.tokens import Layout


def product_parameters(config: HappyHorseConfig) -> int:
    """Count the weights that one token is multiplied by in the four large products of all layers."""
    hidden, layers = config.hidden_size, range(config.num_layers)
    queries = config.num_heads * config.head_dim
    keys_and_values = 2 * config.num_query_groups * config.head_dim
    attention = hidden * (queries + keys_and_values + config.num_heads) + queries * hidden
    # An ungated MLP has one matrix up and one down; a gated one has another up.
    mlps = (config.mlp_width(n) * (2 if n in config.gelu7_layers else 3) for n in layers)
    return len(layers) * attention + hidden * sum(mlps)


def products(config: HappyHorseConfig, layout: Layout) -> int:
    """Count one forward's FLOPs in the layers' large products, the embeddings and the final layers."""
    video = 2 * config.video_in_channels * layout.video
    audio = 2 * config.audio_in_channels * layout.audio
    ends = config.hidden_size * (video + audio + config.text_in_channels * layout.text)
    return 2 * (product_parameters(config) * layout.total + ends)


def attention(config: HappyHorseConfig, layout: Layout, window: int | None = None) -> int:
    """Count one forward's FLOPs in attention: scores and weighted sums of all query-key pairs.

    Args:
        config: Sizes of the network.
        layout: The tokens.
        window: Latent frames that local layers look ahead and back; None for full attention everywhere.
    """
    local = len(config.local_attn_layers) if window is not None else 0
    pairs = (config.num_layers - local) * layout.total**2
    if window is not None:
        pairs += local * local_pairs(layout, window)
    return 4 * config.num_heads * config.head_dim * pairs


def local_pairs(layout: Layout, window: int) -> int:
    """Count the query-key pairs of a local layer."""
    last = layout.frames - 1
    near = (min(i + window, last) - max(i - window, 0) + 1 for i in range(layout.frames))
    rest = layout.audio + layout.text
    # Video sees near frames and the rest; the rest sees everything.
    return sum(near) * layout.in_frame**2 + layout.video * rest + rest * layout.total


def forward(config: HappyHorseConfig, layout: Layout, window: int | None = None) -> int:
    """Count one forward's FLOPs for one sample; see `attention` for `window`."""
    return products(config, layout) + attention(config, layout, window)
