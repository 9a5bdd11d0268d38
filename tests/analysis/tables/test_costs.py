from __future__ import annotations

import numpy as np
import pytest

from analysis.subject import rate_frame
from analysis.tables.costs import Costs, cheapest, cheapest_plans, check_costs
from elo.study.size import VarianceComponents, variance_components
from tests.factories_frames import draw_tastes

SUBJECT = rate_frame(draw_tastes(1))


@pytest.mark.parametrize(
    ("components", "prices"),
    [
        ((4.0, 2.0, 3.0), (10.0, 5.0)),
        ((4.0, 2.0, 3.0), (1.0, 500.0)),
        ((0.1, 0.1, 9.0), (100.0, 1.0)),
        ((9.0, 3.0, 0.2), (1.0, 1.0)),
    ],
)
def test_no_other_growth_that_suffices_is_cheaper(
    components: tuple[float, float, float], prices: tuple[float, float]
) -> None:
    """A search over all growths, which knows nothing of the closed form, finds the same price."""
    wanted = 0.9
    found = cheapest(VarianceComponents(*components), wanted, prices)
    own, shared = components[0] + components[1], components[2]
    assert own / found.votes + shared / found.prompts <= wanted + 1e-9
    votes = np.geomspace(1, 1000, 400_001)
    votes = votes[own / votes < wanted]
    prompts = np.maximum(shared / (wanted - own / votes), 1)
    best = float((prices[0] * votes + prices[1] * prompts).min())
    assert prices[0] * found.votes + prices[1] * found.prompts == pytest.approx(best, rel=1e-4)


def test_what_suffices_already_costs_nothing() -> None:
    assert cheapest(VarianceComponents(1, 1, 1), 3.0, (1, 1)) == (1, 1)


def test_votes_without_prompts_buy_votes_alone() -> None:
    assert cheapest(VarianceComponents(2, 2, 0), 1.0, (1, 0)) == (4, 1)


def test_dearer_prompts_are_bought_less() -> None:
    cheap, dear = (cheapest_plans(SUBJECT, Costs(0.1, price), [40])["prompts"].iloc[0] for price in (0.5, 50))
    assert dear < cheap


def test_a_planned_study_has_the_width_that_its_gap_needs() -> None:
    """Its variance by the components, with Student's quantile of its own clusters, is that of the gap."""
    from scipy.stats import norm, t

    row = cheapest_plans(SUBJECT, Costs(0.1, 2), [40]).iloc[0]
    times = {"votes": row["votes"] / 2000, "raters": row["raters"] / 20, "prompts": row["prompts"] / 15}
    error = np.sqrt(variance_components(SUBJECT.ratings).after(**times))
    freedom = min(row["raters"], row["prompts"]) - 1
    deviation = norm.ppf(0.975)
    assert t.ppf(0.975, freedom) * error == pytest.approx(
        40 * deviation / (deviation + norm.ppf(0.8)), rel=0.02
    )
    assert row["cost"] == pytest.approx(0.1 * (row["votes"] - 2000) + 2 * (row["prompts"] - 15), rel=0.02)


@pytest.mark.parametrize("costs", [Costs(0, 1), Costs(1, -1), Costs(float("nan"), 1)])
def test_prices_must_be_above_zero(costs: Costs) -> None:
    with pytest.raises(ValueError, match="-cost must be a finite number above 0"):
        check_costs(costs)
