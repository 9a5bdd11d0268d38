"""Rules over studies: create, find and rename them. A study's rules are fixed when it is created."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_noop

from arena.catalog.models import Contender, Suite
from arena.runs.models import Run
from arena.voting.clip_settings import Settings, adopt_clip_settings, choose_clip_settings
from arena.voting.fit_settings import FitSettings
from arena.voting.models import FRONT_TEXTS, Study, StudyChange, Vote
from arena.voting.native_terms import usable_covariates
from arena.voting.openings import lacks_twins, never_opened, record_change, reopen_study
from arena.voting.pairing import has_pair
from arena.voting.pairing.goals import UNIFORM, refuse_odd_pairing
from arena.voting.rules import refuse_differences, rules_of
from arena.voting.terms import Terms
from generators.base import Track

QUESTION = gettext_noop("Which clip is better for this prompt?")
REQUIREMENTS = {
    "slug": "1 to 64 of A-Z, a-z, 0-9, '-' and '_'",
    "title": "one line of 1 to 120 printable characters",
    "question": "one line of 1 to 200 printable characters",
    "asked_by": "one line of at most 120 printable characters",
    "introduction": "one line of at most 600 printable characters",
    "contact": "one line of at most 200 printable characters",
    "tracks": f"a list of {', '.join(sorted(Track))}",
}


class InvalidStudy(ValueError):
    """Study with invalid fields; the message names each field and its requirement."""


class UnknownStudy(LookupError):
    """Slug that no study has; the message lists the known ones."""


@transaction.atomic
def create_study(
    *,
    slug: str,
    title: str,
    tracks: Sequence[Track],
    suites: Sequence[Suite],
    contenders: Sequence[Contender],
    runs: Sequence[Run] = (),
    question: str = QUESTION,
    asked_by: str = "",
    introduction: str = "",
    contact: str = "",
    simulated: bool = False,
    pairing: str = UNIFORM,
    fit: FitSettings | None = None,
    terms: Terms | None = None,
    opens: bool = True,
) -> tuple[Study, bool]:
    """Create a study, or return the one with this slug, title and rules; open it if it has a pair to show.

    Args:
        slug: part of the study's address.
        title: name on pages.
        tracks: at least one.
        suites: at least one.
        contenders: at least two.
        runs: runs whose clips the study shows; without any, all clips, if they share their settings.
        question: question to raters about each pair.
        asked_by: person or organisation that asks, for the front page.
        introduction: two sentences for the front page.
        contact: e-mail or web address, for the front page.
        simulated: whether the raters are simulated; people then can't vote.
        pairing: what the next pairs are chosen for: `uniform`, `whole-board`, `top-K` or `newcomer:SLUG`.
        fit: settings of the ratings; None for half-win Bradley-Terry about a mean of 1000.
        terms: terms of the study; None for those of `Terms()`.
        opens: whether it opens as soon as it has what it shows; else `reopen_study` opens it.

    Raises:
        InvalidStudy, InvalidFit, InvalidTerms: a text, the slug, a track, the fit or a term is invalid.
        StudyExists: the slug belongs to a study with another title or other rules.
        UnclearSettings: the clips have several settings, or a run has another suite or track.
        ValueError: there is no track or suite, fewer than two contenders, or they cannot follow `pairing`.
    """
    _refuse_odd_choice(tracks, suites, contenders, pairing)
    study = Study(
        slug=slug,
        title=title,
        question=question,
        asked_by=asked_by,
        introduction=introduction,
        contact=contact,
        tracks=[track.value for track in tracks],
        simulated=simulated,
        pairing=pairing,
        is_open=False,
        fit=_checked(fit or FitSettings(), contenders, tracks),
        terms=_checked_terms(terms or Terms(), tracks),
    )
    refuse_invalid(study)
    return _stored(study, suites, contenders, runs, opens=opens)


def _clip_settings(
    known: Study | None,
    tracks: Sequence[Track],
    suites: Sequence[Suite],
    contenders: Sequence[Contender],
    runs: Sequence[Run],
    geometry: str,
) -> list[Settings]:
    kept = [] if known is None or runs else known.clip_settings
    return kept or choose_clip_settings(
        tracks=tracks, suites=suites, contenders=contenders, runs=runs, geometry=geometry
    )


def _checked(fit: FitSettings, contenders: Sequence[Contender], tracks: Sequence[Track]) -> dict[str, object]:
    fit.check(sorted(contender.slug for contender in contenders), tracks)
    return fit.stored


def _with_covariates(study: Study, known: Study | None, contenders: Sequence[Contender]) -> dict[str, Any]:
    """Return the fit of a study on native terms: unless it names covariates, with those that clips allow."""
    fit = FitSettings.of(study.fit)
    if fit.covariates:
        return fit.stored
    found = (
        usable_covariates(study.clip_settings, contenders)
        if known is None
        else FitSettings.of(known.fit).covariates
    )
    return replace(fit, covariates=found).stored


def _checked_terms(terms: Terms, tracks: Sequence[Track]) -> dict[str, object]:
    terms.check()
    terms.check_tracks(tracks)
    return terms.stored


def _refuse_odd_choice(
    tracks: Sequence[Track], suites: Sequence[Suite], contenders: Sequence[Contender], pairing: str
) -> None:
    if len(set(contenders)) < 2:
        raise ValueError(f"contenders must be two or more; got {len(set(contenders))}. Name another one.")
    if not tracks or not suites:
        raise ValueError("tracks and suites must have an entry each; got none. Name one of each.")
    refuse_odd_pairing(pairing, {contender.slug for contender in contenders})


def _stored(
    study: Study,
    suites: Sequence[Suite],
    contenders: Sequence[Contender],
    runs: Sequence[Run],
    *,
    opens: bool,
) -> tuple[Study, bool]:
    """Store the study, or find the known one of the same rules; open either once it has a pair, if wanted.

    Returns:
        The study, and whether it is new.
    """
    known = Study.objects.filter(slug=study.slug).first()
    tracks = [Track(track) for track in study.tracks]
    geometry = Terms.of(study.terms).geometry
    study.clip_settings = _clip_settings(known, tracks, suites, contenders, runs, geometry)
    if geometry == "native":
        study.fit = _with_covariates(study, known, contenders)
    if known is not None:
        adopt_clip_settings(known, study.clip_settings)
        refuse_differences(known, study, rules_of(study, suites, contenders))
    else:
        study.save(force_insert=True)
        study.suites.set(suites)
        study.contenders.set(contenders)
    wanted = known or study
    if opens and never_opened(wanted) and _is_ready(wanted):
        reopen_study(study=wanted)
    return wanted, known is None


def _is_ready(study: Study) -> bool:
    return has_pair(study) and not lacks_twins(study, Terms.of(study.terms))


@transaction.atomic
def rename_study(*, study: Study, title: str = "", slug: str = "", **texts: str) -> None:
    """Change a study's title, its front page, or its slug as long as it has no votes.

    The ledger records a changed text of the front page, since raters read it before they vote. The slug
    stays after the first vote, since votes name their study by it.

    Args:
        study: study to change.
        title: new title; empty keeps the present one.
        slug: new slug; empty keeps the present one.
        texts: new values of `asked_by`, `introduction` or `contact`; an empty one removes the text.

    Raises:
        InvalidStudy: a new value is invalid, or another study has the slug.
        ValueError: nothing is given, or the slug would change after a vote.
    """
    if not title and not slug and not texts:
        raise ValueError(
            "Nothing to change. Give --title, --slug, or a text of the front page: --asked-by, "
            "--introduction or --contact."
        )
    if slug and slug != study.slug and Vote.objects.filter(ballot__study=study).exists():
        raise ValueError(
            f"slug must stay '{study.slug}' once the study has votes, since they name it; got '{slug}'. "
            "Change its title only."
        )
    study.title = title or study.title
    study.slug = slug or study.slug
    revised = [name for name in FRONT_TEXTS if texts.get(name, getattr(study, name)) != getattr(study, name)]
    for name in revised:
        setattr(study, name, texts[name])
    given = [name for name, value in (("title", title), ("slug", slug)) if value]
    refuse_invalid(study, only=[*given, *revised])
    if slug and Study.objects.filter(slug=slug).exclude(pk=study.pk).exists():
        raise InvalidStudy(f"slug must be one that no other study has; got '{slug}'. Take another one.")
    study.save(update_fields=["title", "slug", *revised])
    if revised:
        reason = "; ".join(f"{name} is now “{getattr(study, name)}”" for name in revised)
        record_change(study=study, kind=StudyChange.Kind.REVISED, reason=reason)


def refuse_invalid(study: Study, only: Iterable[str] = REQUIREMENTS) -> None:
    """Raise InvalidStudy if one of the named fields fails the model's validation."""
    try:
        others = {field.name for field in Study._meta.fields}.difference(only)
        study.full_clean(exclude=others, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        wrong = [name for name in only if name in error.message_dict]
        raise InvalidStudy(" ".join(_requirement(study, name) for name in wrong)) from error


def _requirement(study: Study, name: str) -> str:
    value = getattr(study, name)
    shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:40]}… ({len(value)} characters)"
    return f"{name} must be {REQUIREMENTS[name]}; got {shown}."


def find_study(slug: str) -> Study:
    """Return the study of a slug, or raise UnknownStudy."""
    study = Study.objects.filter(slug=slug).first()
    if study is None:
        known = ", ".join(Study.objects.values_list("slug", flat=True)) or "none yet"
        raise UnknownStudy(f"Unknown study '{slug}'. Known: {known}. Add one with: manage.py create_study")
    return study
