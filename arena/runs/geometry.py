"""Choose a run's size, length and frame rate: as given, as existing clips have them, or the default."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from arena.media.profile import Profile
from arena.runs.clip_settings import LONGEST_S, ClipSettings
from arena.runs.survey import FoundClip, Survey

DEFAULT = ClipSettings(duration_s=3.0, width=512, height=512, fps=24)
HOSTED = ClipSettings(duration_s=5.0, width=1280, height=720, fps=24)
"""Default where a provider makes clips: the settings that the models of most providers have."""


class ClipsDiffer(ValueError):
    """Clips with several sizes, rates or lengths; the message has a table and the options."""


class ShortClips(ValueError):
    """Clips that end before the length at which all are shown."""


@dataclass(frozen=True)
class Asked:
    """Settings given by hand; None is taken from the clips, or from the default."""

    size: tuple[int, int] | None = None
    duration_s: float | None = None
    fps: float | None = None
    is_native: bool = False
    """Whether each clip is shown as it is, whatever the others are."""


class Chosen(NamedTuple):
    """Settings of a run, and the reason for them in words."""

    settings: ClipSettings
    why: str


class Form(NamedTuple):
    """Size, rate and length of the rendition that follows a clip."""

    size: tuple[int, int]
    fps: float
    duration_s: float

    def __str__(self) -> str:
        return f"{_size(self.size)}, {_fps(self.fps)}, {_seconds(self.duration_s)}"


def choose_settings(
    *, asked: Asked, survey: Survey, allow_short: bool = False, default: ClipSettings = DEFAULT
) -> Chosen:
    """Choose the size, rate and length of every rendition of a run, with the reason.

    Args:
        asked: settings given by hand, which always hold.
        survey: the clips that exist; the other settings follow them if there are any.
        allow_short: whether the last picture of a clip that ends early may be held.
        default: what generators are asked for where nothing is given.

    Raises:
        ClipsDiffer: the clips have no common size, rate or length, and none was given.
        ShortClips: a clip ends early, and that isn't allowed.
        ValueError: no clip can have these settings.
    """
    if asked.is_native:
        return _choose_native(asked, survey, default)
    if not survey.clips:
        size = asked.size or (default.width, default.height)
        settings = ClipSettings(asked.duration_s or default.duration_s, *size, asked.fps or default.fps)
        given = None not in (asked.size, asked.duration_s, asked.fps)
        return Chosen(settings, "as given" if given else "by default; --size, --duration and --fps change it")
    forms = [_form(clip) for clip in survey.clips]
    _refuse_differences(asked, survey.clips, forms)
    size = asked.size or forms[0].size
    fps = asked.fps or forms[0].fps
    duration_s = asked.duration_s or forms[0].duration_s
    settings = ClipSettings(duration_s, *size, fps)
    if not allow_short:
        _refuse_short(settings, survey.clips)
    return Chosen(settings, "as the clips are" if asked == Asked() else "as given")


def _choose_native(asked: Asked, survey: Survey, default: ClipSettings) -> Chosen:
    """Return what generators are asked for: as given, or as most clips that exist are, or the default."""
    default_form = Form((default.width, default.height), default.fps, default.duration_s)
    [(form, _)] = Counter(map(_form, survey.clips)).most_common(1) or [(default_form, 0)]
    size, duration_s = asked.size or form.size, asked.duration_s or min(form.duration_s, LONGEST_S)
    return Chosen(ClipSettings(duration_s, *size, asked.fps or form.fps, is_native=True), "native terms")


def describe_form(clip: FoundClip) -> str:
    """Describe a clip by the size, rate and length of the rendition that follows it."""
    return str(_form(clip))


def _form(clip: FoundClip) -> Form:
    profile = Profile.following(clip.facts)
    rate = float(profile.rate)
    return Form((profile.width, profile.height), rate, profile.duration_of(clip.facts.duration_s))


def _refuse_differences(asked: Asked, clips: Sequence[FoundClip], forms: Sequence[Form]) -> None:
    choices = []
    for name, option, text in PROPERTIES:
        values = Counter(getattr(form, name) for form in forms)
        if getattr(asked, name) is None and len(values) > 1:
            most = [text(value) for value, _ in values.most_common(4)]
            choices.append(
                f"  {option} {_option(name, values.most_common(1)[0][0])}  (there are {', '.join(most)})"
            )
    if choices:
        table = "\n".join(_table(clips, forms))
        raise ClipsDiffer(
            f"The clips differ, and a study shows all of them alike:\n{table}\n"
            "Choose what all are shown as; what is changed will be reported:\n" + "\n".join(choices)
        )


def _table(clips: Sequence[FoundClip], forms: Sequence[Form]) -> Iterable[str]:
    counts = Counter((clip.place.contender, form) for clip, form in zip(clips, forms, strict=True))
    for (contender, form), number in counts.items():
        yield f"  {contender}: {form} ({number} clip{'s' * (number != 1)})"


def _refuse_short(settings: ClipSettings, clips: Sequence[FoundClip]) -> None:
    profile = Profile("ballot", settings.width, settings.height, settings.fps)
    frames = profile.frames_in(settings.duration_s)
    short = [clip for clip in clips if profile.frames_in(clip.facts.duration_s) < frames]
    if short:
        lines = [f"  {clip.place}: {_seconds(clip.facts.duration_s)}" for clip in short]
        raise ShortClips(
            f"Clips must last {_seconds(settings.duration_s)}; these are shorter:\n" + "\n".join(lines) + "\n"
            "Show less of all with --duration, or hold their last picture with --allow-short."
        )


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"


def _fps(fps: float) -> str:
    return f"{fps:.5g} fps"


def _seconds(duration_s: float) -> str:
    return f"{duration_s:.4g} s"


PROPERTIES: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("size", "--size", _size),
    ("fps", "--fps", _fps),
    ("duration_s", "--duration", _seconds),
)


def _option(name: str, value: Any) -> str:  # noqa: ANN401 - a size or a number
    return f"{value[0]}x{value[1]}" if name == "size" else f"{value:.5g}"
