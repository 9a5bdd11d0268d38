"""FLOPs of a forward pass: two for each multiplication with its addition."""

from __future__ import annotations

from generators.happyhorse.network.config import HappyHorseConfig
from generators.happyhorse.network.tokens import Layout


def product_parameters(config: HappyHorseConfig) -> int:
    """Count the weights that one token is multiplied by in the four large products of all layers."""
    width, heads = config.num_heads * config.head_dim, config.num_heads
    keys = 2 * config.num_query_groups * config.head_dim
    attention = config.hidden_size * (width + keys + heads) + width * config.hidden_size
    ups = (config.mlp_width(n) * (1 if n in config.gelu7_layers else 2) for n in range(config.num_layers))
    downs = (config.mlp_width(n) for n in range(config.num_layers))
    return config.num_layers * attention + config.hidden_size * (sum(ups) + sum(downs))


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
    frames = sum(min(i + window, last) - max(i - window, 0) + 1 for i in range(layout.frames))
    rest = layout.audio + layout.text
    return frames * layout.in_frame**2 + layout.video * rest + rest * layout.total


def forward(config: HappyHorseConfig, layout: Layout, window: int | None = None) -> int:
    """Count one forward's FLOPs for one sample; see `attention` for `window`."""
    return products(config, layout) + attention(config, layout, window)
