"""Fit a request to a hosted model: choose the nearest that it offers, and refuse or record the difference."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from generators.adapters.images import read_data_uri
from generators.adapters.models import Mode, Model
from generators.adapters.prompts import SwitchPolicy, clean_prompt
from generators.base import InvalidInput, Request

Trait = Literal["duration", "ratio", "resolution", "fps", "seed", "silence", "rewriting", "watermark"]
TRAITS: tuple[Trait, ...] = get_args(Trait)
DEFAULT_REFUSED: tuple[Trait, ...] = ("duration", "ratio", "rewriting", "watermark")

_SAME_RATIO = 0.02
"""Largest relative difference between two ratios that pass as one; 848×480 passes as 16:9."""


@dataclass(frozen=True)
class Terms:
    """What a contender's settings say about its requests."""

    resolution: str | None = None
    """Provider's name of the resolution; None chooses by the request's size."""
    negative_prompt: str = ""
    refused: Collection[Trait] = DEFAULT_REFUSED
    """Traits whose absence is refused; that of the others is recorded."""
    prompt_switches: SwitchPolicy = "refuse"


@dataclass(frozen=True)
class Ask:
    """One request in the terms of a hosted model."""

    model: Model
    mode: Mode
    prompt: str
    negative_prompt: str
    duration_s: int
    resolution: str
    ratio: str | None
    """None where the ratio follows from the first frame, or where the model has one only."""
    seed: int | None
    sound: bool
    """Whether the clip is to sound; a choice only where the model's sound is optional."""
    reference_image: Path | None
    not_honoured: tuple[str, ...]
    """Names of what was asked for and is not offered, as in a clip's provenance."""

    @property
    def name(self) -> str:
        """Provider's name of the model, or its endpoint, for the request's mode."""
        return self.model.names[self.mode]

    @property
    def image(self) -> str | None:
        """First frame as a data URI, read from its file."""
        return read_data_uri(self.reference_image) if self.reference_image else None


def fit(model: Model, request: Request, terms: Terms) -> Ask:
    """Return the request as the model can take it.

    Raises:
        InvalidInput: A refused trait is not offered, the prompt holds a switch, or the seed is out of range.
    """
    lacks: list[str] = []
    duration_s = _choose_duration(model, request, terms, lacks)
    resolution = _choose_resolution(model, request, terms, lacks)
    ratio = None if request.track.from_image else _choose_ratio(model, request, terms, lacks)
    _record_fps(model, request, terms, lacks)
    seed = _choose_seed(model, request, terms, lacks)
    if model.sound == "always" and not request.track.with_sound:
        _lack(terms, "silence", lacks, model, "silent clips", "it makes sound with every clip")
    _record_habits(model, terms, lacks)
    if terms.negative_prompt and not model.negative_prompt:
        raise InvalidInput(
            f"{model.id} must not be given a negative prompt; it has none. Remove the setting."
        )
    return Ask(
        model=model,
        mode=Mode.I2V if request.track.from_image else Mode.T2V,
        prompt=clean_prompt(request.prompt, terms.prompt_switches),
        negative_prompt=clean_prompt(terms.negative_prompt, terms.prompt_switches),
        duration_s=duration_s,
        resolution=resolution,
        ratio=ratio,
        seed=seed,
        sound=request.track.with_sound if model.sound == "optional" else model.sound == "always",
        reference_image=request.reference_image if request.track.from_image else None,
        not_honoured=tuple(lacks),
    )


def _choose_duration(model: Model, request: Request, terms: Terms, lacks: list[str]) -> int:
    wanted = request.duration_s
    enough = [each for each in model.durations_s if each >= wanted]
    chosen = enough[0] if enough else model.durations_s[-1]
    if chosen != wanted:
        allowed = ", ".join(map(str, model.durations_s))
        _lack(terms, "duration", lacks, model, f"{wanted:g} s", f"it makes {allowed} s", "duration_s")
    return chosen


def _choose_resolution(model: Model, request: Request, terms: Terms, lacks: list[str]) -> str:
    short = min(request.width, request.height)
    by_size = sorted(model.resolutions, key=model.resolutions.__getitem__)
    if terms.resolution is None:
        enough = [each for each in by_size if model.resolutions[each] >= short]
        chosen = enough[0] if enough else by_size[-1]
    else:
        chosen = terms.resolution
    if model.resolutions[chosen] != short:
        offered = ", ".join(f"{each} ({model.resolutions[each]})" for each in by_size)
        _lack(terms, "resolution", lacks, model, f"{short} pixels", f"it makes {offered}", None)
    return chosen


def _choose_ratio(model: Model, request: Request, terms: Terms, lacks: list[str]) -> str | None:
    if not model.ratios:
        return None
    wanted = request.width / request.height
    chosen = min(model.ratios, key=lambda ratio: abs(_value(ratio) / wanted - 1))
    if abs(_value(chosen) / wanted - 1) > _SAME_RATIO:
        shown = f"{request.width}×{request.height}"
        _lack(terms, "ratio", lacks, model, shown, f"its ratios are {', '.join(model.ratios)}", None)
    return chosen


def _value(ratio: str) -> float:
    width, height = ratio.split(":")
    return float(width) / float(height)


def _record_fps(model: Model, request: Request, terms: Terms, lacks: list[str]) -> None:
    if model.fps is None and "fps" in terms.refused:
        _lack(terms, "fps", lacks, model, f"{request.fps:g} fps", "its frame rate is not published")
    if model.fps is not None and model.fps != request.fps:
        _lack(terms, "fps", lacks, model, f"{request.fps:g} fps", f"it makes {model.fps:g} fps", None)


def _choose_seed(model: Model, request: Request, terms: Terms, lacks: list[str]) -> int | None:
    if model.largest_seed is None:
        _lack(terms, "seed", lacks, model, f"seed {request.seed}", "it has no seeds")
        return None
    if request.seed > model.largest_seed:
        raise InvalidInput(
            f"seed must be from 0 to {model.largest_seed} for {model.id}; got {request.seed}. "
            "Use one of these."
        )
    return request.seed


def _record_habits(model: Model, terms: Terms, lacks: list[str]) -> None:
    for trait, habit in (("rewriting", model.rewriting), ("watermark", model.watermark)):
        if habit.default and habit.without is None:
            cannot = "it cannot switch that off"
            _lack(terms, cast(Trait, trait), lacks, model, f"clips without {trait}", cannot)


def _lack(
    terms: Terms,
    trait: Trait,
    lacks: list[str],
    model: Model,
    wanted: str,
    offered: str,
    name: str | None = "",
) -> None:
    """Refuse what a model lacks, or record it by name; None leaves it to the measured clip."""
    if trait in terms.refused:
        kept = ", ".join(each for each in terms.refused if each != trait) or "none"
        raise InvalidInput(
            f"{model.id} cannot make {wanted}: {offered}. "
            f"Ask for what it makes, or take {trait!r} out of its setting 'refuse' (then: {kept})."
        )
    if name is not None:
        lacks.append(name or trait)
