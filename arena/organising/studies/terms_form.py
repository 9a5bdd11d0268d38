"""The form of a study's terms: one field for each, with the words of its rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.http import QueryDict

from arena.organising.studies.fields import Field, Option
from arena.organising.studies.forms import CHOICES
from arena.voting.terms import ASPECTS, RULES, SECRET, Terms

GROUPS = {
    "What raters are asked": ("answers", "aspects", "modes", "geometry"),
    "Who votes, and how": (
        "admission",
        "panel_query",
        "quota",
        "consent",
        "instructions",
        "sound_check",
        "work_bits",
        "training",
        "reveal",
        "personal_board",
    ),
    "Codes for raters who are paid": SECRET,
    "What the board lists": ("public_board", "min_votes", "min_raters", "min_prompts"),
    "Which votes count": ("gold", "identical", "repeats", "screening"),
}
"""Terms in the order of the page."""
OPTIONS = {
    "answers": CHOICES["answers"],
    "aspects": [(name, name) for name in ASPECTS],
    "modes": [("muted", "muted"), ("sound", "by sound alone")],
    "geometry": [("equal", "one size, length, rate and loudness"), ("native", "each as it was made")],
    "admission": CHOICES["admission"],
    "sound_check": CHOICES["sound_check"],
    "reveal": CHOICES["reveal"],
}
LABELS = {
    "answers": "Answers",
    "aspects": "Further questions after the answer",
    "modes": "Ways of judging besides picture and sound together",
    "geometry": "Clips are shown with",
    "admission": "Who may vote",
    "panel_query": "Parameter of the panel’s links with the person’s id",
    "quota": "Votes of each rater at most, 0 for all pairs",
    "consent": "Text that raters agree to first",
    "instructions": "Show instructions first",
    "sound_check": "Check of headphones and screen",
    "work_bits": "Proof of work before the first pair, in bits from 0 to 24; 18 takes a second or two",
    "reveal": "Names are shown",
    "personal_board": "Votes after which raters see a ranking of their own, 0 for never",
    "completion_code": "Code for raters who have finished",
    "completion_url": "Address to which they return",
    "screened_out_code": "Code for raters whom a required check turns away",
    "public_board": "Show the board to everybody while the study is open",
    "min_votes": "Votes that a contender needs to be listed",
    "min_raters": "Raters that a contender needs to be listed",
    "min_prompts": "Prompts that a contender needs to be listed",
    "gold": "Share of pairs with a degraded copy of a clip, from 0 to 0.2",
    "identical": "Share of pairs that show a clip beside itself, from 0 to 0.2",
    "repeats": "Share of pairs that are asked again on swapped sides, from 0 to 0.2",
    "training": "Training pairs before the first one, from 0 to 10; 5 show each kind of flaw",
    "screening": "Screening rules with their thresholds, one on each line",
}


def term_groups(terms: Terms, sent: QueryDict | None = None) -> list[tuple[str, list[Field]]]:
    """Return the fields of each group, filled in with what was sent, else with the present terms."""
    return [(title, [_field(name, terms, sent) for name in names]) for title, names in GROUPS.items()]


def number_field(name: str, given: Mapping[str, str]) -> Field:
    """Return the field of a number, filled in with what was given, else with the number of usual terms."""
    return Field(name, LABELS[name], "number", given.get(name, _typed(getattr(Terms(), name))))


def read_sent_terms(sent: QueryDict) -> Terms:
    """Return the terms that a form sends.

    Raises:
        ValueError: a number can't be read, or a line of screening has no threshold.
    """
    return Terms.of({name: _READERS[_kind(name)](name, sent) for name in RULES})


def _field(name: str, terms: Terms, sent: QueryDict | None) -> Field:
    kind, present = _kind(name), getattr(terms, name)
    if kind == "truth":
        return Field(name, LABELS[name], kind, is_on=present if sent is None else name in sent)
    if name in OPTIONS:
        chosen = _chosen(name, present) if sent is None else sent.getlist(name)
        options = tuple(Option(value, label, value in chosen) for value, label in OPTIONS[name])
        return Field(name, LABELS[name], kind, options=options)
    value = _typed(present) if sent is None else sent.get(name, "")
    return Field(name, LABELS[name], kind, value)


def _kind(name: str) -> str:
    default = getattr(Terms(), name)
    if isinstance(default, bool):
        return "truth"
    if name in ("aspects", "modes"):
        return "several"
    if name in OPTIONS:
        return "choice"
    if name in ("consent", "screening"):
        return name
    return "number" if isinstance(default, int | float) else "line"


def _chosen(name: str, present: Any) -> list[str]:  # noqa: ANN401 - a term of any type
    if name == "answers":
        return [",".join(present)]
    return list(present) if isinstance(present, tuple) else [present]


def _typed(present: object) -> str:
    if isinstance(present, dict):
        return "\n".join(f"{name}: {value:g}" for name, value in present.items())
    return f"{present:g}" if isinstance(present, float) else str(present)


# Readers, one for each kind of field.


def _several(name: str, sent: QueryDict) -> list[str]:
    return [*(["both"] if name == "modes" else []), *sent.getlist(name)]


def _choice(name: str, sent: QueryDict) -> list[str] | str:
    chosen = sent.get(name, "")
    return chosen.split(",") if name == "answers" else chosen


def _number(name: str, sent: QueryDict) -> float:
    """Return a whole number where the term counts, else a share; an empty field is 0."""
    text, kind = sent.get(name, "").strip() or "0", type(getattr(Terms(), name))
    try:
        value: float = kind(text) if text.isascii() else kind("")
    except ValueError as error:
        wanted = "a whole number" if kind is int else "a number"
        raise ValueError(f"{name} must be {wanted}; got '{text[:40]}'. Give one such as 0.") from error
    return value


def _screening(name: str, sent: QueryDict) -> dict[str, float]:
    found = {}
    for line in filter(str.strip, sent.get(name, "").splitlines()):
        rule, _, threshold = line.partition(":")
        try:
            found[rule.strip()] = float(json.loads(threshold))
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"{name} must have lines such as 'too-fast: 2'; got '{line[:60]}'. Write a rule and a number."
            ) from error
    return found


_READERS: dict[str, Callable[[str, QueryDict], object]] = {
    "truth": lambda name, sent: name in sent,
    "several": _several,
    "choice": _choice,
    "number": _number,
    "line": lambda name, sent: sent.get(name, "").strip(),
    "consent": lambda name, sent: sent.get(name, "").replace("\r\n", "\n").strip(),
    "screening": _screening,
}
