"""Settings of the clips that a study shows: one set for each track, so that both clips of a pair agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count

from arena.catalog.models import Contender, Suite
from arena.runs.clip_settings import ClipSettings
from arena.runs.models import Job, Run
from arena.voting.models import Study
from generators.base import Track

Settings = dict[str, Any]


class UnclearSettings(ValueError):
    """Ambiguous or unsuitable clip settings for a study; the message lists the choices."""


def choose_clip_settings(
    *,
    tracks: Sequence[Track],
    suites: Sequence[Suite],
    contenders: Sequence[Contender],
    runs: Sequence[Run],
    geometry: str = "equal",
) -> list[Settings]:
    """Return one set of clip settings for each track: those of the runs, or else the only ones there are.

    Without runs the list is empty as long as some track has no two clips to compare.

    Args:
        tracks: tracks of the study.
        suites: its suites.
        contenders: its contenders.
        runs: runs whose clips it shows; empty for all that there are.
        geometry: `equal` or `native`, as the study's terms have it; clips made for the other don't count.

    Raises:
        UnclearSettings: a track has several sets of settings, no run is on a track, or a run is of another
            suite, track or geometry than the study.
    """
    for run in runs:
        if run.suite not in suites or run.track not in tracks:
            raise UnclearSettings(f"{_title(run)} is of another suite or track than the study.")
        _refuse_other_geometry(run, geometry)
    playable = [run.settings for run in runs] or _playable_settings(tracks, suites, contenders)
    found = [settings for settings in playable if geometry_of(settings) == geometry]
    without = [track for track in tracks if all(settings["track"] != track for settings in found)]
    if without and runs:
        raise UnclearSettings(f"--run must name a run on each track; got none on {', '.join(without)}.")
    return [] if without else [_only(track, found, suites) for track in tracks]


def geometry_of(settings: Settings) -> str:
    """Return `native` if clips of these settings are shown as they are, else `equal`."""
    return "native" if ClipSettings.of(settings).is_native else "equal"


def _refuse_other_geometry(run: Run, geometry: str) -> None:
    made = geometry_of(run.settings)
    if made != geometry:
        raise UnclearSettings(
            f"geometry must be {made} in the study's terms, as in {_title(run)}; got {geometry}. "
            f"Change the terms, or make clips {'with' if geometry == 'native' else 'without'} --native."
        )


def adopt_clip_settings(study: Study, settings: list[Settings]) -> None:
    """Set the clip settings of a study that was created before its clips; such a study has no votes."""
    if not study.clip_settings:
        study.clip_settings = settings
        study.save(update_fields=["clip_settings"])


def _playable_settings(
    tracks: Sequence[Track], suites: Sequence[Suite], contenders: Sequence[Contender]
) -> list[Settings]:
    """Return each set of settings in which two contenders have clips of the same prompt and seed."""
    jobs = Job.objects.filter(
        state=Job.State.SUCCEEDED,
        track__in=tracks,
        contender__in=contenders,
        prompt__suite__in=suites,
        clip__rendition__isnull=False,
    )
    units = jobs.order_by().values("prompt", "seed", "track", "settings_hash").annotate(clips=Count("id"))
    hashes = units.filter(clips__gte=2).values_list("settings_hash", flat=True).distinct()
    firsts = [jobs.filter(settings_hash=settings_hash).first() for settings_hash in sorted(hashes)]
    return [job.settings for job in firsts if job is not None]


def _only(track: Track, found: Sequence[Settings], suites: Sequence[Suite]) -> Settings:
    of_track = [settings for settings in found if settings["track"] == track]
    distinct = [settings for i, settings in enumerate(of_track) if settings not in of_track[:i]]
    if len(distinct) > 1:
        known = [run for run in Run.objects.filter(suite__in=suites) if run.settings in distinct]
        choices = "; ".join(_title(run) for run in known) or "; ".join(
            str(ClipSettings.of(s)) for s in distinct
        )
        raise UnclearSettings(
            f"Clips on track {track} have several settings, and a study shows those of one: {choices}. "
            "Choose by --run NUMBER."
        )
    return distinct[0]


def _title(run: Run) -> str:
    return f"{run} on {run.track} ({ClipSettings.of(run.settings)})"
