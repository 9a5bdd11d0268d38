"""Rules of a study: what its numbers depend on, and how two studies of one slug differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from arena.catalog.hashing import canonical_json, content_hash
from arena.catalog.models import Contender, Suite
from arena.runs.clip_settings import ClipSettings
from arena.voting.fit_settings import FitSettings
from arena.voting.models import FRONT_TEXTS, Study
from arena.voting.pairing.goals import pairing_text
from arena.voting.terms import Terms


class StudyExists(ValueError):
    """Study of the same slug with another title or other rules; the message lists the differences."""


def study_rules(study: Study) -> dict[str, object]:
    """Return the rules that a study's numbers depend on, ready for JSON; exports include them."""
    return rules_of(study, list(study.suites.all()), list(study.contenders.all()))


def rules_hash(study: Study) -> str:
    """Return the hash of a study's rules."""
    return content_hash(study_rules(study))


def rules_details(study: Study) -> dict[str, object]:
    """Return what a change of the rules records of them besides their hash: version, terms and fit."""
    return {"version": study.rules_version, "terms": Terms.of(study.terms).public, "fit": study.fit}


def rules_of(study: Study, suites: Sequence[Suite], contenders: Sequence[Contender]) -> dict[str, object]:
    """Return the rules of a study that has, or is to have, these suites and contenders."""
    terms = Terms.of(study.terms)
    rules = {
        "question": study.question,
        "choices": list(terms.answers),
        "tracks": sorted(study.tracks),
        "suites": sorted(f"{suite.name}@{suite.version} {suite.content_hash}" for suite in suites),
        "contenders": sorted({contender.slug for contender in contenders}),
        "clips": sorted(study.clip_settings, key=lambda settings: str(settings["track"])),
        "pairing": pairing_text(study.pairing),
        "simulated": study.simulated,
    }
    # Older studies' rules have no fit or terms, and keep their hashes.
    later = {"fit": study.fit, "terms": terms.public}
    return rules | {name: value for name, value in later.items() if value}


def refuse_differences(known: Study, asked: Study, wanted: Mapping[str, object]) -> None:
    """Raise StudyExists if a study's rules differ from those wanted, or its words from those asked for."""
    rules = study_rules(known)
    others = [
        f"{name} {_plainly(name, rules.get(name, {}))}, not {_plainly(name, wanted.get(name, {}))}"
        for name in [*rules, *(name for name in wanted if name not in rules)]
        if rules.get(name) != wanted.get(name)
    ]
    if not others:
        refuse_other_words(known, asked)
        return
    raise StudyExists(
        f"Study '{known.slug}' exists with other rules. It has "
        f"{'; '.join([*_other_words(known, asked), *others])}. Take another slug for another "
        f"study, or change its terms and fit with: manage.py change_terms {known.slug}"
    )


def refuse_other_words(known: Study, asked: Study) -> None:
    """Raise StudyExists if the title or a text differs from the one asked for; an empty text matches any."""
    if words := _other_words(known, asked):
        raise StudyExists(f"Study '{known.slug}' exists with other words. It has {'; '.join(words)}.")


def _other_words(known: Study, asked: Study) -> list[str]:
    words = []
    for name in ("title", *FRONT_TEXTS):
        has, wanted = getattr(known, name), getattr(asked, name)
        if wanted not in ("", has):
            words.append(f"{name} '{has}', not '{wanted}' (change it with: manage.py rename_study)")
    return words


def _plainly(name: str, rule: object) -> str:
    if name == "terms":
        return canonical_json(rule)
    if isinstance(rule, dict):
        return FitSettings.of(rule).described
    if not isinstance(rule, list):
        return f"'{rule}'"
    return ", ".join(
        str(ClipSettings.of(item)) if isinstance(item, dict) else item.split()[0] for item in rule
    )
