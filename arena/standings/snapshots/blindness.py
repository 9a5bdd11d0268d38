"""What a snapshot or the API may tell of a study while people still vote on its clips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from arena.catalog.models import Commitment, Contender
from arena.voting.models import Study


def is_blinded(study: Study) -> bool:
    """Return whether clips of the study can still be shown to people who vote.

    A study for people that is open itself, or another one of the same contenders and prompts, shows them;
    simulated raters see nothing.
    """
    if study.is_open and not study.simulated:
        return True
    others = Study.objects.filter(is_open=True, simulated=False, suites__in=study.suites.all())
    return others.filter(contenders__in=study.contenders.all()).exists()


def votes_are_public(study: Study) -> bool:
    """Return whether anybody may read single votes: after the study closed, or if they are simulated."""
    return study.simulated or not study.is_open


def public_names(contenders: Iterable[Contender]) -> dict[str, str]:
    """Return each contender's name for the public by its slug: a pseudonym while the identity is withheld."""
    return {contender.slug: contender.public_slug for contender in contenders}


def former_names(study: Study) -> dict[str, str]:
    """Return the slug of each revealed contender of a study by the pseudonym that it had under a codename."""
    revealed = Commitment.objects.filter(contender__studies=study, revealed_at__isnull=False)
    return {each.pseudonym: each.contender.slug for each in revealed.select_related("contender")}


def public_rules(rules: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return a study's rules with the public names of its contenders."""
    public = {**rules, "contenders": sorted(names[slug] for slug in rules["contenders"])}
    fit = public.get("fit", {})
    if fit.get("anchor"):
        public["fit"] = {**fit, "anchor": names[fit["anchor"]]}
    return public
