"""Command-line options for a run's caps, and refusals before anything is planned or paid."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings

from arena.catalog.models import Contender
from arena.runs.budget import Cap, CapReached, find_day_cap, refuse_doubtful, to_usd
from arena.runs.estimates import Price
from arena.runs.hosting import find_hosted, find_priced
from arena.runs.models import Run
from arena.runs.runs import CantRun


@dataclass(frozen=True)
class Caps:
    """Most US dollars that a run may cost; None for no cap."""

    run_usd: Decimal | None
    contender_usd: Decimal | None
    accept_stale: bool

    @property
    def any(self) -> bool:
        """Whether there is a cap, that of the day included."""
        return not (self.run_usd is None and self.contender_usd is None and settings.MAX_USD_PER_DAY is None)


def add_caps(parser: ArgumentParser) -> None:
    """Add the options for a run's caps."""
    group = parser.add_argument_group(
        "money", "No clip is submitted whose estimate would exceed a cap. MAX_USD_PER_DAY caps all runs."
    )
    group.add_argument("--max-usd", metavar="USD", help="cap of the run (default: MAX_USD_PER_RUN)")
    group.add_argument(
        "--max-usd-per-contender", metavar="USD", help="cap of each one (default: MAX_USD_PER_CONTENDER)"
    )
    group.add_argument(
        "--accept-stale-prices", action="store_true", help="hold caps by old prices; count missing ones as 0"
    )


def read_caps(options: Mapping[str, Any]) -> Caps:
    """Return what was given by the options of `add_caps`, or by settings.

    Raises:
        ValueError: a cap is no amount of US dollars.
    """
    return Caps(
        _read_usd("--max-usd", options["max_usd"], settings.MAX_USD_PER_RUN),
        _read_usd(
            "--max-usd-per-contender", options["max_usd_per_contender"], settings.MAX_USD_PER_CONTENDER
        ),
        bool(options["accept_stale_prices"]),
    )


def refuse_unaffordable(caps: Caps, contenders: Sequence[Contender], prices: Sequence[Price]) -> None:
    """Refuse a run whose caps can't be held, or don't allow the first clip of a contender.

    Raises:
        CantRun: a price is doubtful, a clip costs more than a cap, or a generator keeps no record.
    """
    for contender, price in zip(contenders, prices, strict=True):
        if not caps.any or price.first is None:
            continue
        if find_hosted(contender) is None and find_priced(contender) is not None:
            raise CantRun(
                f"{contender.slug}: {contender.generator} must keep its jobs on record to be under a cap; it "
                "does not. Run it without a cap."
            )
        try:
            for estimate in price.estimates:
                refuse_doubtful(estimate, contender.slug, accepted=caps.accept_stale)
            for cap in _fresh_caps(caps):
                cap.refuse(to_usd(price.first.usd or 0.0), contender.slug)
        except CapReached as error:
            raise CantRun(str(error)) from error


def describe_caps(caps: Caps, prices: Sequence[Price]) -> Iterator[str]:
    """Return a line for each cap that a run is expected to exceed: clips beyond it are not submitted."""
    total = sum((to_usd(price.usd or 0.0) for price in prices), Decimal(0))
    if caps.run_usd is not None and total > caps.run_usd:
        cap = f"its cap of ${caps.run_usd:.2f}"
        yield f"The run is estimated at ${total:.2f}; clips beyond {cap} are left out."
    for price in prices:
        usd = to_usd(price.usd or 0.0)
        if caps.contender_usd is not None and usd > caps.contender_usd:
            cap = f"its cap of ${caps.contender_usd:.2f}"
            yield f"{price.contender} is estimated at ${usd:.2f}; clips beyond {cap} are left out."


def set_caps(run: Run, caps: Caps) -> None:
    """Store the caps of a run."""
    run.max_usd, run.max_usd_per_contender = caps.run_usd, caps.contender_usd
    run.accept_stale_prices = caps.accept_stale
    run.save(update_fields=["max_usd", "max_usd_per_contender", "accept_stale_prices"])


def _fresh_caps(caps: Caps) -> Iterator[Cap]:
    """Return the caps of a run that has cost nothing yet; what an earlier start of it cost shows later."""
    if caps.run_usd is not None:
        yield Cap(caps.run_usd, Decimal(0), "the run", "Raise --max-usd.")
    if caps.contender_usd is not None:
        scope, remedy = "each contender of the run", "Raise --max-usd-per-contender."
        yield Cap(caps.contender_usd, Decimal(0), scope, remedy)
    yield from find_day_cap()


def _read_usd(option: str, text: object, default: Decimal | None) -> Decimal | None:
    if text is None:
        return default
    try:
        usd = Decimal(str(text))
    except InvalidOperation:
        usd = Decimal("NaN")
    if not (usd.is_finite() and 0 <= usd < 10**8):
        raise ValueError(f"{option} must be an amount of US dollars from 0; got {text}. Give one such as 25.")
    return usd
