"""Options of the command line for the settings of a study's ratings."""

from __future__ import annotations

from argparse import ArgumentParser, BooleanOptionalAction
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from arena.catalog.lookup import split_names
from arena.voting.fit_settings import BOTH_BAD, COVARIATES, MODELS, FitSettings, InvalidFit


def add_fit_arguments(parser: ArgumentParser) -> None:
    """Add the options of the ratings; those left out keep what is there."""
    parser.add_argument("--ties", choices=sorted(MODELS), help="model of ties (default: half)")
    parser.add_argument(
        "--both-bad", choices=sorted(BOTH_BAD), help="how both-bad votes count (default: tie)"
    )
    parser.add_argument(
        "--side-effect", action=BooleanOptionalAction, help="estimate what being on the left does"
    )
    parser.add_argument("--covariates", help=f"control the ratings for some of {', '.join(COVARIATES)}")
    parser.add_argument("--anchor", help="slug, or slug=rating: ratings are relative to it")
    parser.add_argument("--scale", type=float, help="points for one unit of log-odds")


def fit_of(options: Mapping[str, Any], present: FitSettings) -> FitSettings:
    """Return the present settings of the ratings with those that the options give."""
    given: dict[str, Any] = {
        "ties": options["ties"],
        "both_bad": options["both_bad"],
        "side": options["side_effect"],
        "scale": options["scale"],
    }
    if options["covariates"] is not None:
        given["covariates"] = tuple(split_names(options["covariates"]))
    if options["anchor"] is not None:
        given["anchor"], given["anchor_rating"] = _anchor(options["anchor"])
    return replace(present, **{name: value for name, value in given.items() if value is not None})


def _anchor(text: str) -> tuple[str, float]:
    anchor, _, rating = text.partition("=")
    try:
        return anchor, float(rating or FitSettings().anchor_rating)
    except ValueError as error:
        raise InvalidFit(f"--anchor must be SLUG or SLUG=RATING; got '{text}'.") from error
