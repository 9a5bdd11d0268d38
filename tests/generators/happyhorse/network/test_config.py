from __future__ import annotations

from dataclasses import replace

import pytest

from generators.happyhorse.network.config import SIZES, HappyHorseConfig, size
from generators.happyhorse.network.kinds import KINDS, kind


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"num_layers": 0}, "num_layers must be a positive whole number; got 0"),
        ({"hidden_size": 5120.0}, "hidden_size must be a positive whole number; got 5120.0"),
        ({"hidden_size": 5000}, "hidden_size must be a multiple of head_dim; got 5000 and 128"),
        ({"head_dim": 20}, "head_dim must be a multiple of 8, for rotary positions"),
        ({"num_query_groups": 7}, "the number of heads must be a multiple of num_query_groups; got 40 and 7"),
        ({"video_in_channels": 190}, "video_in_channels must be a multiple of 4"),
        ({"mm_layers": (0, 40)}, r"mm_layers must be different layers of 0…39; got \(0, 40\)"),
        ({"gelu7_layers": (1, 1)}, "gelu7_layers must be different layers"),
        ({"local_attn_layers": (-1,)}, "local_attn_layers must be different layers"),
    ],
)
def test_sizes_that_do_not_fit_together_are_refused(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        replace(SIZES["15b"], **change)  # type: ignore[arg-type]  # wrong on purpose


def test_the_defaults_are_the_public_model() -> None:
    config = HappyHorseConfig()

    assert (config.num_heads, config.latent_channels) == (40, 48)
    assert [config.mlp_width(n) for n in (3, 4, 39)] == [20480, 13652, 13652]
    assert [n for n in range(40) if config.experts(n) == 3] == [0, 1, 2, 3, 36, 37, 38, 39]


def test_public_fields_are_read_and_others_are_left() -> None:
    public = {"num_layers": 2, "mm_layers": [0], "gelu7_layers": [], "tread_config": {}, "dropout": 0.0}

    config = HappyHorseConfig.from_public(public)

    assert config == replace(HappyHorseConfig(), num_layers=2, mm_layers=(0,), gelu7_layers=())


@pytest.mark.parametrize(
    "asked", [{"enable_attn_gating": False}, {"activation_type": "gelu"}, {"post_norm_layers": [3]}]
)
def test_a_public_configuration_of_another_architecture_is_refused(asked: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must be .*, as this network has nothing else; got"):
        HappyHorseConfig.from_public(asked)


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"Unknown size '14b'\. Known: 15b, "):
        size("14b")
    with pytest.raises(ValueError, match=r"'720p'\. Known: base, distilled, 540p, 1080p\."):
        kind("720p")


def test_only_the_1080p_checkpoint_looks_at_near_frames() -> None:
    configs = {name: found.configure(HappyHorseConfig()) for name, found in KINDS.items()}

    local = configs["1080p"].local_attn_layers
    assert [n for n in range(40) if n not in local] == [3, 7, 11, 15, 19, 23, 27, 31]
    assert KINDS["1080p"].window == 11
    assert all(not config.local_attn_layers for name, config in configs.items() if name != "1080p")


def test_super_resolution_has_coordinates_of_its_own() -> None:
    assert {name: found.coordinates for name, found in KINDS.items()} == {
        "base": "base",
        "distilled": "base",
        "540p": "super_resolution",
        "1080p": "super_resolution",
    }
