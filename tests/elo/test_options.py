from __future__ import annotations

import json
from typing import Any

import pytest

from elo import Votes, fit
from elo.formats import FORMATS
from elo.method import RECORDED, Method
from elo.models.specification import Specification
from elo.options import Settings, Uncertainty
from tests.factories_elo import World

VOTES = World(contenders=3, raters=4, prompts=5, ties=0.2).draw(1)
PAIR = Votes.from_columns(contender_a=["x", "y", "x"], contender_b=["y", "x", "y"], outcome=["a", "a", "tie"])


def settings(**parts: Any) -> Settings:  # noqa: ANN401 - the values of any options
    own = {name: value for name, value in parts.items() if name in Uncertainty.__dataclass_fields__}
    rest = {name: value for name, value in parts.items() if name not in own}
    return Settings(rest.pop("specification", Specification()), Uncertainty(**own), **rest)


def test_the_defaults_suit_any_votes() -> None:
    settings().check(VOTES)
    settings().check(VOTES.tally())


@pytest.mark.parametrize(
    ("option", "known"),
    [
        ("intervals", "sandwich, model, bootstrap, none"),
        ("correction", "CR3, CR1, CR0"),
        ("variance_floor", "auto, on, off"),
        ("separation", "apart, error, firth, bounded"),
        ("weighting", "votes, propensity"),
        ("bootstrap", "resample, bayesian"),
    ],
)
def test_an_unknown_word_names_those_that_are_known(option: str, known: str) -> None:
    with pytest.raises(ValueError, match=f"Unknown {option}='other'. Known: {known}."):
        settings(**{option: "other"}).check(VOTES)


@pytest.mark.parametrize(
    ("option", "value", "fault"),
    [
        ("level", 0.0, "level must be a probability above 0 and below 1; got 0.0"),
        ("level", 1.0, "level must be a probability above 0 and below 1; got 1.0"),
        ("scale", 0.0, "scale=0.0 must be finite and above 0"),
        ("scale", float("inf"), "scale=inf must be finite and above 0"),
        ("anchor", ("nobody", 1000.0), "Unknown contender 'nobody'"),
        ("anchor", ("c0", float("nan")), "must give a finite rating"),
        ("clusters", ["team"], "Cannot cluster by 'team'. Known: prompt, rater"),
    ],
)
def test_a_value_out_of_range_is_named(option: str, value: object, fault: str) -> None:
    votes = Votes.from_columns(contender_a=["c0"], contender_b=["c1"], outcome=["a"])
    with pytest.raises(ValueError, match=fault):
        settings(**{option: value}).check(votes)


def test_clusters_that_votes_do_not_record_are_refused() -> None:
    with pytest.raises(ValueError, match=r"the votes have no such column. They have: none; known: prompt"):
        settings(clusters=["rater"]).check(PAIR)
    with pytest.raises(ValueError, match=r"A tally does not record rater, as clusters= needs"):
        settings(clusters=["rater"]).check(PAIR.tally())


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ({"intervals": "model", "clusters": ["rater"]}, "intervals='model' takes votes as independent"),
        ({"intervals": "bootstrap", "separation": "firth"}, "refits without Firth's penalty"),
    ],
)
def test_options_that_do_not_go_together_are_refused(parts: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        settings(**parts).check(VOTES)


@pytest.mark.parametrize(
    ("votes", "separation", "fault"),
    [
        (PAIR, "error", "needs votes that record prompts"),
        (PAIR.tally(), "error", "A tally does not record prompts"),
        (VOTES, "firth", "tie_effects= has a prior of its own"),
    ],
    ids=["without prompts", "tally", "firth"],
)
def test_tie_effects_need_prompts_and_their_own_prior(votes: Votes, separation: str, fault: str) -> None:
    model = Specification(ties="davidson", tie_effects=("prompt",))
    with pytest.raises(ValueError, match=fault):
        settings(specification=model, separation=separation).check(votes)


def test_clusters_come_in_their_standard_order_once() -> None:
    assert Uncertainty(clusters=["rater", "prompt", "rater"]).clusters == ("prompt", "rater")


@pytest.mark.parametrize("argument", ["effects", "covariates", "tie_effects"])
def test_one_name_in_place_of_several_is_refused(argument: str) -> None:
    with pytest.raises(ValueError, match=f"{argument}='side' is one name, where several may stand"):
        Specification(**{argument: "side"})  # type: ignore[arg-type]  # as someone may type it


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ({"ties": "coin"}, "Unknown ties='coin'. Known: half, davidson, rao-kupper, drop"),
        ({"both_bad": "coin"}, "Unknown both_bad='coin'"),
        ({"effects": ("moon",)}, "Unknown effects='moon'. Known: side, order"),
        ({"covariates": ("log_nu",)}, "may not have the name 'log_nu'"),
        ({"covariates": ("length", "length")}, "name one twice: length, length"),
        ({"ridge": -1.0}, "ridge=-1.0 must be finite and at least 0"),
        ({"tie_precision": 0.0}, "tie_precision=0.0 must be finite and above 0"),
        ({"tie_effects": ("prompt",)}, "needs ties='davidson' or 'rao-kupper', not 'half'"),
        ({"ties": "rao-kupper", "both_bad": "floor"}, "a both_bad apart has no place"),
    ],
)
def test_a_model_that_makes_no_sense_is_refused(parts: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Specification(**parts)


@pytest.mark.parametrize(
    ("correction", "floor", "floored"),
    [
        ("CR3", "auto", True),
        ("CR1", "auto", False),
        ("CR0", "auto", False),
        ("CR0", "on", True),
        ("CR3", "off", False),
    ],
)
def test_the_floor_follows_the_correction_unless_it_is_asked_for(
    correction: Any,  # noqa: ANN401
    floor: Any,  # noqa: ANN401
    floored: bool,
) -> None:
    assert Uncertainty(correction=correction, variance_floor=floor).floored == floored


def test_parameters_stand_in_the_order_of_theta() -> None:
    model = Specification("davidson", "floor", ["order", "side"], ["length"])
    assert model.extras == ("floor", "side", "order", "length", "log_nu")
    assert model.regressors == ("side", "order", "length")
    assert (model.model, Specification().model) == ("davidson", "bradley-terry")


def recorded(**parts: Any) -> dict[str, Any]:  # noqa: ANN401
    return Method(settings(**parts), "a recipe").record()


def test_a_record_has_each_setting_once_in_order() -> None:
    record = recorded()
    assert tuple(record) == RECORDED
    assert record["covariance"] == "a recipe"
    assert json.loads(json.dumps(record))["clusters"] == []


@pytest.mark.parametrize(
    ("parts", "silent"),
    [
        ({}, {"tie_precision", "correction", "bootstrap", "rounds", "seed", "anchor"}),
        ({"clusters": ["rater"]}, {"tie_precision", "bootstrap", "rounds", "seed", "anchor"}),
        (
            {"intervals": "bootstrap", "clusters": ["rater"]},
            {"tie_precision", "correction", "anchor"},
        ),
        (
            {"intervals": "none"},
            {"tie_precision", "correction", "variance_floor", "bootstrap", "rounds", "seed", "anchor"},
        ),
        (
            {"specification": Specification("davidson", tie_effects=("prompt",)), "anchor": ("x", 1.0)},
            {"correction", "bootstrap", "rounds", "seed"},
        ),
    ],
)
def test_settings_that_played_no_part_are_none(parts: dict[str, Any], silent: set[str]) -> None:
    assert {name for name, value in recorded(**parts).items() if value is None} == silent


def test_the_record_is_what_json_prints() -> None:
    ratings = fit(VOTES, ties="davidson", clusters=["rater"], level=0.9)
    printed = json.loads(FORMATS["json"](ratings))["method"]
    assert printed == json.loads(json.dumps(ratings.method.record()))
    assert (printed["ties"], printed["level"], printed["correction"]) == ("davidson", 0.9, "CR3")
