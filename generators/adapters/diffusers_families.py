"""Families of open-weight models, by the name that rows call them."""

from __future__ import annotations

from collections.abc import Mapping

from generators.adapters.diffusers_cogvideox import CogVideoX
from generators.adapters.diffusers_footage import Family
from generators.adapters.diffusers_helios import Helios, HeliosPyramid
from generators.adapters.diffusers_hunyuan import Hunyuan
from generators.adapters.diffusers_ltx import Ltx
from generators.adapters.diffusers_wan import Wan

FAMILIES: Mapping[str, Family] = {
    "cogvideox": CogVideoX(),
    "helios": Helios(),
    "helios-pyramid": HeliosPyramid(),
    "hunyuan": Hunyuan(),
    "ltx": Ltx(),
    "wan": Wan(),
}
