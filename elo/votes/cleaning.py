"""Cleaning of columns as files have them: one spelling of each name, no rows that hold no vote."""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from elo.arguments import shortened
from elo.votes.coding import Coded, missing, smallest_type, used_labels
from elo.votes.columns import BLIND, REQUIRED, Columns, plain

BLANKS = " \t\r\n\v\f\x85\xa0\u200b\u2028\u2029\ufeff"
NAMED = ("contender_a", "contender_b")
WORDED = ("outcome", "side", "order")
RECORDED_AT_TIMES = ("side", "order")
"""Columns that may be blank for some votes: nothing is then assumed of the vote."""
NO = ("false", "0", "0.0", "no", "n", "f")
"""Words for no in a column of truths."""
EXAMPLES = 3


def cleaned(columns: Columns) -> Columns:
    """Drop blank rows and votes that were not blind, and bring each label to one spelling.

    Raises:
        ValueError: a row lacks a label; names the column and the row, counted from 0.
    """
    columns = _without_blank_rows(columns)
    for name, coded in columns.labels.items():
        if name not in (BLIND, *RECORDED_AT_TIMES) and (gone := missing(coded)).any():
            raise ValueError(f"Unknown {name} None in row {int(np.argmax(gone))}: each vote needs one.")
    columns = _blind_alone(columns)
    spelt = {name: _spelt(coded) for name, coded in columns.labels.items() if name not in WORDED}
    words = {name: _worded(columns.labels[name]) for name in WORDED if name in columns.labels}
    notes = [*_named_twice(columns), *_grouped_twice(columns, spelt), *_not_recorded(columns)]
    return replace(columns, labels={**spelt, **words}).noting(*notes)


def without_self_pairs(columns: Columns) -> Columns:
    """Drop the rows of a contender against itself."""
    a, b = (columns.labels[name] for name in NAMED)
    names = dict.fromkeys(map(str, (*a.labels, *b.labels)))
    place = {name: code for code, name in enumerate(names)}

    # The common code of each side's labels, then of each row, shape (N,).
    kind = smallest_type(len(place))
    of_a = np.array([place[str(label)] for label in a.labels], dtype=kind)
    of_b = np.array([place[str(label)] for label in b.labels], dtype=kind)
    same = of_a[a.codes] == of_b[b.codes]
    if not same.any():
        return columns
    return columns.keep(~same).noting(f"Left out {_votes(same.sum())} of a contender against itself.")


def _without_blank_rows(columns: Columns) -> Columns:
    blank = np.logical_and.reduce([missing(columns.labels[name]) for name in REQUIRED])
    if not blank.any():
        return columns
    rows = "1 row" if blank.sum() == 1 else f"{blank.sum()} rows"
    return columns.keep(~blank).noting(f"Left out {rows} without contenders and outcome.")


def _blind_alone(columns: Columns) -> Columns:
    if BLIND not in columns.labels:
        return columns
    codes, labels = columns.labels[BLIND]
    named = np.array([plain(str(label)) in NO for label in labels], dtype=bool)[codes]
    rest = {name: coded for name, coded in columns.labels.items() if name != BLIND}
    columns = replace(columns, labels=rest)
    if not named.any():
        return columns
    note = f"Left out {_votes(named.sum())} that were not blind: the column anony (or blind) says false."
    if named.all():
        raise ValueError(f"There are no votes to rate. {note} Drop the column to count them.")
    return columns.keep(~named).noting(note)


def _votes(count: int) -> str:
    return "1 vote" if count == 1 else f"{count} votes"


def spelling(label: Hashable) -> Hashable:
    """Return text in composed Unicode (NFC) without blanks around it; anything but text as it is."""
    if isinstance(label, bytes):
        label = label.decode("utf-8", "replace")
    if not isinstance(label, str) or (label.isascii() and label.isprintable() and label == label.strip()):
        return label
    # Half a surrogate pair, which JSON can hold, is no text that could be written anywhere.
    text = label.encode("utf-8", "backslashreplace").decode("utf-8")
    return unicodedata.normalize("NFC", text).strip(BLANKS)


def _spelt(coded: Coded) -> Coded:
    return Coded(coded.codes, tuple(map(spelling, coded.labels)))


def _worded(coded: Coded) -> Coded:
    """Fold words for looking them up: `Tie` and ` tie` are tie."""
    words = (plain(each) if isinstance(each := spelling(label), str) else each for label in coded.labels)
    return Coded(coded.codes, tuple(words))


def _named_twice(columns: Columns) -> list[str]:
    """Return notes on contenders in several spellings, and on those that differ in case alone."""
    raw = {str(label) for name in NAMED for label in used_labels(columns.labels[name])}
    twice = _several(raw, lambda name: str(spelling(name)))
    notes = [f"Took the spellings of {_listed(twice)} for one (blanks, Unicode forms)."] if twice else []
    cased = _several({str(spelling(name)) for name in raw}, str.casefold)
    for names in list(cased.values())[:EXAMPLES]:
        listed = " and ".join(shortened(name) for name in sorted(names))
        notes.append(f"{listed} differ in case alone and are rated apart; are they one?")
    return notes


def _not_recorded(columns: Columns) -> list[str]:
    """Return a note for each column of circumstances that some votes leave blank."""
    blank = {
        name: int(missing(columns.labels[name]).sum()) for name in RECORDED_AT_TIMES if name in columns.labels
    }
    return [
        f"{_votes(count)} without {name}: it has no effect on them." for name, count in blank.items() if count
    ]


def _listed(twice: Mapping[str, Sequence[str]]) -> str:
    shown = ", ".join(shortened(name) for name in list(twice)[:EXAMPLES])
    return shown + (f" and {len(twice) - EXAMPLES} more" if len(twice) > EXAMPLES else "")


def _several(names: Iterable[str], key: Any) -> dict[str, list[str]]:  # noqa: ANN401 - str to str
    """Group the names by key, and keep the keys that several names share."""
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        found.setdefault(key(name), []).append(name)
    return {common: those for common, those in found.items() if len(those) > 1}


def _grouped_twice(columns: Columns, spelt: Mapping[str, Coded]) -> list[str]:
    """Return notes on prompts or raters that are written in several ways."""
    notes = []
    for name in ("prompt", "rater"):
        if name not in spelt:
            continue
        raw, folded = columns.labels[name], spelt[name]
        if len(set(folded.labels)) == len(set(raw.labels)):
            continue
        merged = len(used_labels(raw)) - len(used_labels(folded))
        if merged:
            notes.append(f"Took {merged} further spellings of {name}s for one (blanks, Unicode forms).")
    return notes
