"""The form of the settings by which a study's votes become ratings."""

from __future__ import annotations

from math import inf

from django.http import QueryDict

from arena.organising.studies.fields import Field, Option
from arena.voting.fit_settings import BOTH_BAD, COVARIATES, MODELS, FitSettings
from arena.voting.models import Study

LABELS = {
    "ties": "Model",
    "both_bad": "Votes that both are bad",
    "side": "Take out what being shown on the left does",
    "covariates": "Take out what these features of the clips do",
    "anchor": "Ratings are relative to",
    "anchor_rating": "Rating of that contender",
    "scale": "Rating points for one unit of log-odds",
}


def fit_fields(study: Study, sent: QueryDict | None = None) -> list[Field]:
    """Return the fields of the form, filled in with what was sent, else with the study's settings."""
    present = FitSettings.of(study.fit).as_fields
    slugs = study.contenders.order_by("slug").values_list("slug", flat=True)
    options = {
        "ties": MODELS,
        "both_bad": {**BOTH_BAD, "tie": "both-bad votes as ties"},
        "covariates": {name: name.replace("_", " ") for name in COVARIATES},
        "anchor": {"": "the mean of all, at 1000", **{slug: slug for slug in slugs}},
    }
    return [_field(name, present[name], options.get(name), sent) for name in LABELS]


def read_sent_fit(sent: QueryDict) -> FitSettings:
    """Return the settings that a form sends.

    Raises:
        ValueError: a number can't be read, or a choice is unknown.
    """
    return FitSettings.of(
        {
            "ties": _choice("ties", sent, MODELS),
            "both_bad": _choice("both_bad", sent, BOTH_BAD),
            "side": "side" in sent,
            "covariates": sent.getlist("covariates"),
            "anchor": sent.get("anchor", "").strip(),
            "anchor_rating": _number("anchor_rating", sent),
            "scale": _number("scale", sent),
        }
    )


def _field(name: str, present: object, options: dict[str, str] | None, sent: QueryDict | None) -> Field:
    if isinstance(present, bool):
        return Field(name, LABELS[name], "truth", is_on=present if sent is None else name in sent)
    if options is None:
        value = repr(present) if sent is None else sent.get(name, "")
        return Field(name, LABELS[name], "number", value)
    several = isinstance(present, tuple)
    stored = list(present) if isinstance(present, tuple) else [present]
    chosen = stored if sent is None else sent.getlist(name)
    shown = tuple(Option(value, label, value in chosen) for value, label in options.items())
    return Field(name, LABELS[name], "several" if several else "choice", options=shown)


def _choice(name: str, sent: QueryDict, allowed: dict[str, str]) -> str:
    value = sent.get(name, "")
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}; got '{value[:40]}'. Choose one.")
    return value


def _number(name: str, sent: QueryDict) -> float:
    text = sent.get(name, "").strip()
    try:
        value = float(text) if text.isascii() else inf
    except ValueError:
        value = inf
    if not abs(value) < inf:
        raise ValueError(f"{name} must be a number; got '{text[:40]}'. Give one such as 1000.")
    return value
