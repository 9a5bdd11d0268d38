from __future__ import annotations

from datetime import date, timedelta

import pytest

from generators.adapters.prices import PriceRule, estimate
from generators.priced import Estimate

CHECKED = date(2026, 11, 22)
RULE = PriceRule("second", {"720p": 0.14, "1080p": 0.24}, {"720p": 0.1}, CHECKED, "list")


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
