"""What each provider is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from generators import registry
from generators.adapters.hosted import Hosted
from generators.adapters.models import read_models
from generators.choices import SettingsError
from tests.providers.contract import MODELS, create, make_request

IMAGE = b"\x89PNG, as far as its first bytes say"
ROWS = [(provider, model) for provider in MODELS for model in read_models(provider)]


def _body(provider: str, settings: dict[str, object] | None = None, **changes: object) -> dict[str, Any]:
    hosted = create(provider, None, **(settings or {}))
    call = hosted.provider.create(hosted.fit(make_request(**changes)), "our-handle")
    return {"path": call.path, **dict(call.body or {})}


def test_fal() -> None:
    assert _body("fal") == {
        "path": "/alibaba/happy-horse/text-to-video",
        "prompt": "A red kite over a beach, with the sound of waves.",
        "watermark": False,
        "duration": 5,
        "resolution": "720p",
        "aspect_ratio": "16:9",
        "seed": 7,
    }
    assert _body("fal", {"model": "seedance-2.0"}, track="t2v") == {
        "path": "/bytedance/seedance-2.0/text-to-video",
        "prompt": "A red kite over a beach, with the sound of waves.",
        "duration": "5",
        "resolution": "720p",
        "aspect_ratio": "16:9",
        "generate_audio": False,
    }
    assert (
        _body("fal", {"model": "wan-3.0"}).items()
        >= {"enable_prompt_expansion": False, "audio": True}.items()
    )


def test_model_studio() -> None:
    assert _body("model-studio") == {
        "path": "/services/aigc/video-generation/video-synthesis",
        "model": "happyhorse-1.0-t2v",
        "input": {"prompt": "A red kite over a beach, with the sound of waves."},
        "parameters": {"resolution": "720P", "duration": 5, "watermark": False, "seed": 7, "ratio": "16:9"},
    }
    wan = _body("model-studio", {"model": "wan-3.0"})["parameters"]
    assert (wan["prompt_extend"], wan["watermark"]) == (False, False)


def test_modelark() -> None:
    assert _body("modelark") == {
        "path": "/contents/generations/tasks",
        "model": "dreamina-seedance-2-0-260128",
        "content": [{"type": "text", "text": "A red kite over a beach, with the sound of waves."}],
        "resolution": "720p",
        "ratio": "16:9",
        "duration": 5,
        "watermark": False,
        "seed": 7,
        "generate_audio": True,
    }


def test_kling() -> None:
    assert _body("kling", {"negative_prompt": "blur"}) == {
        "path": "/v1/videos/text2video",
        "model_name": "kling-v3",
        "prompt": "A red kite over a beach, with the sound of waves.",
        "mode": "std",
        "duration": "5",
        "external_task_id": "our-handle",
        "watermark_info": {"enabled": False},
        "negative_prompt": "blur",
        "aspect_ratio": "16:9",
        "sound": "on",
    }


def test_minimax() -> None:
    assert _body("minimax", {"model": "h3-max"}) == {
        "path": "/v2/video_generation",
        "model": "MiniMax-H3-Max",
        "content": [{"type": "text", "text": "A red kite over a beach, with the sound of waves."}],
        "resolution": "768P",
        "duration": 5,
        "ratio": "16:9",
        "extra": {"prompt_expansion_mode": "disabled"},
    }


def test_replicate() -> None:
    assert _body("replicate", track="t2v") == {
        "path": "/models/bytedance/seedance-2.0/predictions",
        "input": {
            "prompt": "A red kite over a beach, with the sound of waves.",
            "duration": 5,
            "resolution": "720p",
            "aspect_ratio": "16:9",
            "seed": 7,
            "generate_audio": False,
        },
    }


def test_runway() -> None:
    assert _body("runway", width=720, height=1280) == {
        "path": "/text_to_video",
        "model": "seedance2",
        "promptText": "A red kite over a beach, with the sound of waves.",
        "duration": 5,
        "ratio": "720:1280",
        "seed": 7,
        "audio": True,
    }
    assert "audio" not in _body("runway", {"model": "gen4.5"}, track="t2v")


def test_xai() -> None:
    assert _body("xai") == {
        "path": "/videos/generations",
        "model": "grok-imagine-video-1.5",
        "prompt": "A red kite over a beach, with the sound of waves.",
        "duration": 5,
        "resolution": "720p",
        "aspect_ratio": "16:9",
    }


def test_gemini() -> None:
    assert _body("gemini") == {
        "path": "/interactions",
        "model": "gemini-omni-1.1-flash",
        "input": "A red kite over a beach, with the sound of waves.",
        "background": True,
        "response_format": {
            "type": "video",
            "delivery": "uri",
            "resolution": "720p",
            "duration": "5s",
            "aspect_ratio": "16:9",
        },
    }


def test_gemini_may_put_the_clip_into_its_answer() -> None:
    block = {"type": "video", "data": "AAEC", "mime_type": "video/mp4"}
    steps = [
        {"type": "thought"},
        {"type": "model_output", "content": [{"type": "text", "text": "Here."}, block]},
    ]
    report = create("gemini").provider.read_status({"status": "completed", "steps": steps})
    assert (report.state, report.content, report.url) == ("succeeded", b"\0\1\2", None)


@pytest.mark.parametrize(
    ("provider", "body", "usd"),
    [
        ("runway", {"status": "SUCCEEDED", "output": ["https://a.example/b"], "cost": 180}, 1.8),
        ("xai", {"status": "done", "video": {}, "usage": {"cost_in_usd_ticks": 7_000_000_000}}, 0.7),
    ],
)
def test_a_price_that_the_provider_states_is_read(provider: str, body: dict[str, Any], usd: float) -> None:
    assert create(provider).provider.read_status(body).cost_usd == pytest.approx(usd)


@pytest.mark.parametrize(("provider", "model"), ROWS)
def test_every_row_makes_a_request_for_each_of_its_tracks(provider: str, model: str, tmp_path: Path) -> None:
    image = tmp_path / "frame.png"
    image.write_bytes(IMAGE)
    row = read_models(provider)[model]
    for track in row.tracks:
        changes = {"track": track, "duration_s": float(row.durations_s[0])}
        body = _body(provider, {"model": model, "refuse": []}, reference_image=image, **changes)
        text = json.dumps(body)
        assert "A red kite" in text
        assert row.names["i2v" if track.from_image else "t2v"] in text  # type: ignore[index]  # a mode by its text
        assert ("iVBORyw" in text) == track.from_image


@pytest.mark.parametrize(("provider", "model"), ROWS)
def test_what_a_provider_does_by_default_is_switched_off(provider: str, model: str) -> None:
    row = read_models(provider)[model]
    for habit in (row.rewriting, row.watermark):
        text = json.dumps(_body(provider, {"model": model, "refuse": []}, duration_s=10.0))
        for name in habit.without or {}:
            assert f'"{name}": ' in text


@pytest.mark.parametrize(("provider", "model"), ROWS)
def test_a_row_says_whether_a_job_can_be_cancelled(provider: str, model: str) -> None:
    hosted = create(provider, None, model=model, refuse=[])
    ask = hosted.fit(make_request(track="t2v", duration_s=10.0))
    assert (hosted.provider.cancel(ask, "id") is not None) == (hosted.model.cancellation != "none")


def test_every_adapter_is_in_the_registry() -> None:
    hosted = [entry.name for entry in registry.IN_TREE if issubclass(entry.load(), Hosted)]
    assert hosted == sorted(MODELS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "fal: 'model' must be a non-empty text; got None."),
        ({"model": "sora-2"}, "fal: 'model' must be one of grok-imagine-1.5, happyhorse-1.0,"),
        ({"model": "happyhorse-1.0", "resolution": "4k"}, "fal: 'resolution' can't be '4k'. Allowed: 720p,"),
        ({"model": "happyhorse-1.0", "refuse": ["speed"]}, "fal: 'refuse' must be a list of duration,"),
        ({"model": "happyhorse-1.0", "refuse": "seed"}, "fal: 'refuse' must be a list of duration, ratio,"),
        ({"model": "happyhorse-1.0", "negative_prompt": 3}, "fal: 'negative_prompt' must be a text; got 3."),
        ({"model": "happyhorse-1.0", "prompt_switches": "keep"}, "fal: 'prompt_switches' can't be 'keep'."),
        ({"model": "happyhorse-1.0", "seed": 3}, "fal has no setting 'seed'. Its settings: model,"),
    ],
)  # fmt: skip
def test_wrong_settings_are_named_with_what_is_allowed(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        registry.create("fal", settings)
    assert str(caught.value).startswith(message)
