from __future__ import annotations

import numpy as np
import pytest
import torch

from generators.base import InvalidInput
from generators.happyhorse.pipeline.pipeline import Pipeline
from generators.happyhorse.pipeline.request import ClipRequest
from generators.happyhorse.toy.checkpoints import weights_file
from generators.happyhorse.toy.codecs import shipped_codecs
from generators.happyhorse.toy.components import toy_parts
from generators.happyhorse.toy.model import load_model
from generators.happyhorse.training.clips import ClipSampler
from generators.happyhorse.training.data import as_bytes
from generators.toyworld.world.examples import Example
from generators.toyworld.world.grammar import parse
from tests.factories_codecs import one_thread

PROMPT = "a large red circle bouncing left slowly on a white background"

quick = pytest.fixture(autouse=True)(one_thread)


def ask(**changes: object) -> ClipRequest:
    given = {"prompt": PROMPT, "duration_s": 2.0, "width": 64, "height": 64, "seed": 3} | changes
    return ClipRequest(**given)  # type: ignore[arg-type]  # passed through


@pytest.mark.parametrize("cascade", [False, True])
def test_the_pipeline_makes_the_clips_that_the_referee_scores(cascade: bool) -> None:
    model, kind = load_model(weights_file("distilled", 2))
    maker = ClipSampler(model, kind, shipped_codecs(config=model.config), cascade=cascade)
    (expected,) = maker.clips([Example(parse(PROMPT), 0)], seed=3)

    decoded = Pipeline(toy_parts(steps=2, cascade=cascade)).make(ask())

    assert decoded.fps == 16
    assert decoded.frames.shape == (32, 64, 64, 3)
    assert np.abs(decoded.frames.astype(int) - expected.frames[:32]).max() <= 1
    assert decoded.samples is not None
    assert expected.samples is not None
    assert decoded.samples.shape == (32_000, 2)
    np.testing.assert_allclose(decoded.samples[:, 0], expected.samples[:32_000].clip(-1, 1), atol=1e-3)


def test_a_cascade_tells_of_its_picture_before_its_sound() -> None:
    told: list[tuple[str, int, int]] = []
    Pipeline(toy_parts(steps=2, cascade=True)).make(ask(), lambda *step: told.append(step))
    steps = [(stage, done, of) for stage, done, of in told if of == 2]
    assert steps == [(stage, done, 2) for stage in ("silent picture", "denoising") for done in range(3)]


def test_guidance_leads_away_from_no_prompt() -> None:
    parts = toy_parts("base", steps=2)
    assert parts.negative_prompt == ""
    assert [len(features) for features in parts.text.encode(PROMPT, "")] == [7, 0]
    assert Pipeline(parts).make(ask()).frames.shape == (32, 64, 64, 3)


def test_a_silent_clip_needs_no_audio_tokens() -> None:
    decoded = Pipeline(toy_parts(steps=2)).make(ask(mode="t2v", silence="left-out"))
    assert decoded.samples is None


def test_a_given_first_frame_is_kept() -> None:
    from PIL import Image

    parts = toy_parts(steps=2)
    codec = parts.video_decoder()
    picture = Example(parse(PROMPT), 1).frames[:1]
    image = Image.fromarray(picture[0])
    decoded = Pipeline(parts).make(ask(mode="i2v-audio", image=image))

    pixels = torch.from_numpy(picture)[None].movedim(-1, 1).float() / 127.5 - 1
    kept = as_bytes(codec.decode(parts.video_encoder().encode(pixels)))[0, 0]
    assert np.abs(decoded.frames[0].astype(int) - kept).mean() < 1


def test_pixels_become_squares() -> None:
    small, large = (Pipeline(toy_parts(steps=2)).make(ask(enlarge=n)).frames for n in (1, 8))
    assert large.shape == (32, 512, 512, 3)
    assert (large[:, ::8, ::8] == small).all()
    assert (large[:, 7::8, 7::8] == small).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prompt": "a large red dog bouncing left slowly on a white background"}, "doesn't know: 'dog'"),
        (
            {
                "prompt": "a large red circle bouncing left slowly and a small blue square gliding up slowly "
                "on a white background"
            },
            "must have one object; got two",
        ),
        ({"duration_s": 3.0}, r"at most 2.0 s; got 3.0 s"),
        ({"enlarge": 0}, "enlarge must be a whole number from 1 on"),
        ({"width": 128}, r"64×64 pixels; got 128×64\. Enlarging"),
    ],
)
def test_what_it_can_not_make_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Pipeline(toy_parts(steps=2)).make(ask(**changes))
