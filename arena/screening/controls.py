"""Judgement of answers on control pairs, from their records in the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from arena.screening.evidence import Answered

Record = Mapping[str, Any]
OTHER = {"a": "b", "b": "a"}


def judge_controls(controls: Iterable[Record], ordinary: Iterable[Record]) -> dict[str, dict[str, Answered]]:
    """Return how each rater answered each kind of control pairs, by kind and rater.

    Args:
        controls: records of votes on control pairs; those on training pairs are left out.
        ordinary: records of all other votes, among them the first ones on repeated pairs.
    """
    controls = [record for record in controls if record["control"] != "training"]
    repeats = any(record["control"] == "repeat" for record in controls)
    first = {_pair(record, "ab"): record["outcome"] for record in ordinary} if repeats else {}
    found: dict[str, dict[str, Answered]] = defaultdict(dict)
    for record in controls:
        right = _is_right(record, first)
        of_kind = found[record["control"]]
        before = of_kind.get(record["rater"], Answered(0, 0))
        of_kind[record["rater"]] = Answered(before.right + (right is True), before.wrong + (right is False))
    return dict(found)


def _is_right(record: Record, first: Mapping[tuple[str, ...], str]) -> bool | None:
    """Return whether an answer is as expected; None if it shows neither care nor its lack.

    Both bad is no answer to which clip is better. A tie on a repeated pair contradicts nothing.
    """
    outcome = record["outcome"]
    if record["control"] == "gold":
        return None if outcome == "both_bad" else outcome == OTHER[record["degraded"]]
    if record["control"] == "identical":
        return outcome not in OTHER
    before = first.get(_pair(record, "ba"))
    return None if outcome not in OTHER or before not in OTHER else outcome == OTHER[before]


def _pair(record: Record, sides: str) -> tuple[str, ...]:
    """Return what a pair and its repetition share, the sides in this order."""
    left, right = (record[f"rendition_{side}"] for side in sides)
    return record["rater"], left, right, record.get("mode", "both")
