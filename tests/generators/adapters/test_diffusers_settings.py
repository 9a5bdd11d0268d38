from __future__ import annotations

import re
from pathlib import Path

import pytest

from generators.adapters import diffusers_settings
from generators.adapters.diffusers_generator import Diffusers
from generators.adapters.diffusers_settings import DEFAULTS, read_terms
from generators.choices import SettingsError

GUIDE = (Path(__file__).parents[3] / "docs" / "comparison-models.md").read_text(encoding="utf-8")
MODEL = {"model": "wan2.1-t2v-1.3b"}


def test_defaults_are_filled_in() -> None:
    assert Diffusers(MODEL).settings == {**MODEL, **DEFAULTS}
    terms = read_terms(MODEL)
    assert (terms.steps, terms.guidance, terms.size, terms.device) == (50, 5.0, None, None)


def test_given_values_are_read() -> None:
    terms = read_terms({**MODEL, "steps": 8, "guidance": 1, "pixels": "480x832", "folder": "here"})
    assert (terms.steps, terms.guidance, terms.size, terms.folder) == (8, 1.0, (480, 832), Path("here"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"flavour": 1}, "diffusers has no setting 'flavour'. Its settings: device, dtype, folder, "),
        ({"model": None}, "diffusers: 'model' must be a non-empty text; got None."),
        ({"dtype": "int8"}, "diffusers: 'dtype' can't be 'int8'. Allowed: bfloat16, float16, float32."),
        ({"offload": "disk"}, "diffusers: 'offload' can't be 'disk'. Allowed: none, blocks, leaves."),
        ({"quantisation": "nf4"}, "diffusers: 'quantisation' can't be 'nf4'. Allowed: none, float8."),
        ({"tiling": 1}, "diffusers: 'tiling' must be true or false; got 1."),
        ({"pixels": "big"}, "diffusers: 'pixels' must be 'nearest', 'asked' or a size like '832x480'; got"),
        ({"pixels": "833x480"}, "diffusers: 'pixels' must be multiples of 16 for wan2.1-t2v-1.3b; got"),
        ({"steps": 0}, "diffusers: 'steps' must be a whole number from 1 to 1000; got 0."),
        ({"steps": True}, "diffusers: 'steps' must be a whole number from 1 to 1000; got True."),
        ({"guidance": 0.5}, "diffusers: 'guidance' must be a number from 1 to 100; got 0.5."),
        ({"guidance": float("nan")}, "diffusers: 'guidance' must be a number from 1 to 100; got nan."),
        ({"negative_prompt": 3}, "diffusers: 'negative_prompt' must be a text; got 3."),
        (
            {"negative_prompt": "blur", "guidance": 1},
            "diffusers: 'negative_prompt' must be left out at guidance 1, which uses none; got 'blur'.",
        ),
        ({"refuse": ["taste"]}, "diffusers: 'refuse' must be a list of duration, ratio, resolution, fps;"),
        ({"device": None}, "diffusers: 'device' must be a non-empty text; got None."),
        ({"folder": ""}, "diffusers: 'folder' must be a non-empty text; got ''."),
    ],
)  # fmt: skip
def test_refuses_a_wrong_setting(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_terms({**MODEL, **settings})
    assert str(raised.value).startswith(message)


def _documented() -> dict[str, tuple[str, str]]:
    """Return values and default of each setting in the guide's table."""
    part = GUIDE[GUIDE.index("Settings of the generator `diffusers`") :]
    return {name: (values, default) for name, values, default in
            re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|", part, re.MULTILINE)}  # fmt: skip


def _shown(default: object) -> str:
    if default is None:
        return "none"
    if default == "":
        return "empty"
    return f"`{', '.join(default) if isinstance(default, list) else str(default).lower()}`"


def test_the_guide_has_every_setting_with_its_default() -> None:
    documented = {name: default for name, (_, default) in _documented().items()}
    assert documented == {"model": "needed", **{name: _shown(each) for name, each in DEFAULTS.items()}}


@pytest.mark.parametrize(
    ("name", "allowed"), [("dtype", "DTYPES"), ("offload", "OFFLOADS"), ("quantisation", "QUANTISATIONS")]
)
def test_the_guide_has_the_allowed_values(name: str, allowed: str) -> None:
    values = getattr(diffusers_settings, allowed)
    assert re.findall(r"`([\w]+)`", _documented()[name][0]) == list(values)
