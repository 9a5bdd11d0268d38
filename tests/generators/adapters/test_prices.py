from __future__ import annotations

from datetime import date, timedelta

import pytest

from generators.adapters.prices import PriceRefused, PriceRule, estimate, require_within
from generators.base import QuotaExceeded
from generators.priced import Estimate

CHECKED = date(2026, 11, 22)
RULE = PriceRule("second", {"720p": 0.14, "1080p": 0.24}, {"720p": 0.1}, CHECKED, "list")
FRESH = Estimate(0.7, None)


def _estimate(
    rule: PriceRule | None = RULE, resolution: str = "720p", *, with_sound: bool = True, age_days: int = 0
) -> Estimate:
    today = CHECKED + timedelta(days=age_days)
    return estimate("model", rule, resolution, 5.0, with_sound=with_sound, today=today)


def test_a_price_is_by_second_and_resolution() -> None:
    assert _estimate() == Estimate(0.14 * 5, None)
    assert _estimate(resolution="1080p").usd == pytest.approx(1.2)


def test_a_silent_clip_may_cost_less() -> None:
    assert _estimate(with_sound=False).usd == pytest.approx(0.5)
    assert _estimate(resolution="1080p", with_sound=False).usd == pytest.approx(1.2)


def test_a_price_may_be_by_clip() -> None:
    assert _estimate(PriceRule("clip", {"720p": 2.0}, {}, CHECKED, "list")).usd == 2.0


@pytest.mark.parametrize(("rule", "resolution"), [(None, "720p"), (RULE, "4k")])
def test_a_missing_price_is_said(rule: PriceRule | None, resolution: str) -> None:
    assert _estimate(rule, resolution) == Estimate(None, f"The price of model at {resolution} is unknown.")


@pytest.mark.parametrize(("age_days", "is_old"), [(0, False), (90, False), (91, True)])
def test_an_old_price_is_said_with_its_date(age_days: int, is_old: bool) -> None:
    warning = "The price of model was last checked on 2026-11-22, 91 days ago."
    assert _estimate(age_days=age_days).warning == (warning if is_old else None)
    assert _estimate(age_days=age_days).usd == pytest.approx(0.7)


def test_a_cap_allows_what_it_covers() -> None:
    assert require_within(FRESH, 0.7) == 0.7


def test_a_cap_below_the_price_is_refused_with_both_figures() -> None:
    with pytest.raises(PriceRefused, match=r"at most \$0\.69; it is estimated at \$0\.70\. Raise the cap\."):
        require_within(FRESH, 0.69)
    assert issubclass(PriceRefused, QuotaExceeded)


@pytest.mark.parametrize("doubtful", [Estimate(None, "It is unknown."), Estimate(0.7, "It is old.")])
def test_a_doubtful_price_is_refused_under_a_cap_unless_accepted(doubtful: Estimate) -> None:
    with pytest.raises(PriceRefused, match=r"^It is .*--accept-stale-prices runs nevertheless\.$"):
        require_within(doubtful, 100)
    assert require_within(doubtful, 100, accept_stale=True) == (doubtful.usd or 0.0)


def test_an_accepted_old_price_still_counts_against_the_cap() -> None:
    with pytest.raises(PriceRefused, match=r"estimated at \$0\.70"):
        require_within(Estimate(0.7, "It is old."), 0.5, accept_stale=True)
