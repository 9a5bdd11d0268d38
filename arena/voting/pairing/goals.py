"""Pairing rules of studies: what the next pairs are chosen for."""

from __future__ import annotations

from collections.abc import Collection

from elo.pairing import Goal, Newcomer, TopK, WholeBoard

UNIFORM = "uniform"
WHOLE_BOARD = "whole-board"
TOP = "top-"
NEWCOMER = "newcomer:"
KNOWN = "uniform, whole-board, top-K such as top-10, newcomer:SLUG or newcomer:SLUG+SLUG"


def goal_of(pairing: str) -> Goal | None:
    """Return the goal that a pairing rule names; None for `uniform`.

    Raises:
        ValueError: the rule is unknown.
    """
    if pairing == UNIFORM:
        return None
    if pairing == WHOLE_BOARD:
        return WholeBoard()
    if pairing.startswith(TOP) and pairing.removeprefix(TOP).isdecimal():
        return TopK(int(pairing.removeprefix(TOP)))
    if pairing.startswith(NEWCOMER) and all(newcomers_of(pairing)):
        return Newcomer(newcomers_of(pairing))
    raise ValueError(f"pairing must be one of {KNOWN}; got {pairing!r}.")


def newcomers_of(pairing: str) -> tuple[str, ...]:
    """Return the slugs that a rule for newcomers names; () for other rules."""
    return tuple(pairing.removeprefix(NEWCOMER).split("+")) if pairing.startswith(NEWCOMER) else ()


def refuse_odd_pairing(pairing: str, contenders: Collection[str]) -> None:
    """Refuse a pairing rule that these contenders, given by slug, cannot follow.

    Raises:
        ValueError: the rule is unknown, names an unknown contender, or asks for too long a top.
    """
    goal = goal_of(pairing)
    unknown = [slug for slug in newcomers_of(pairing) if slug not in contenders]
    if unknown:
        raise ValueError(
            f"pairing must name contenders of the study; got {', '.join(unknown)}. "
            f"Known: {', '.join(sorted(contenders))}."
        )
    if isinstance(goal, TopK) and goal.k >= len(contenders):
        raise ValueError(
            f"pairing must be at most {TOP}{len(contenders) - 1} for {len(contenders)} contenders; "
            f"got {pairing}."
        )


def pairing_text(pairing: str) -> str:
    """Return the rule in words, as a study's rules record it."""
    if pairing == UNIFORM:
        return "uniform over units, pairs and orders that the rater can still judge blind"
    return f"{pairing}: an exposure plan over prompts that the rater has not seen, both orders alike"
