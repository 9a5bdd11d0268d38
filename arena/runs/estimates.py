"""What a run would make and cost, and what keeps it from starting, before anything is planned or paid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from arena.catalog.hashing import content_hash
from arena.catalog.models import Contender, Prompt
from arena.runs.clip_settings import ClipSettings
from arena.runs.hosting import find_priced
from arena.runs.models import Job
from arena.runs.runs import CantRun
from generators.base import GenerationError, Request, Track
from generators.priced import Estimate, Priced


@dataclass(frozen=True)
class Wanted:
    """The clips that a run wants of each contender."""

    contenders: Sequence[Contender]
    prompts: Sequence[Prompt]
    seeds: Sequence[int]
    """Seeds of every prompt; empty takes each prompt's own."""
    track: Track
    clip_settings: ClipSettings


@dataclass(frozen=True)
class Price:
    """Number of clips still to be made by a contender, and what they are expected to cost."""

    contender: str
    clips: int
    usd: float | None
    """US dollars; None for a generator without a price, or where the price of a clip is unknown."""
    warnings: tuple[str, ...]
    estimates: tuple[Estimate, ...] = ()
    """Expected price of each clip, in the order of the jobs."""

    @property
    def first(self) -> Estimate | None:
        """Expected price of the first clip; None where there is none to make or to pay."""
        return next(iter(self.estimates), None)


def price_run(wanted: Wanted) -> list[Price]:
    """Return the expected price of each contender's clips; none of a clip that is made already.

    Raises:
        CantRun: A contender's model cannot make one of the clips.
    """
    done = _done(wanted)
    return [_price(contender, wanted, done) for contender in wanted.contenders]


def refuse_missing_keys(contenders: Sequence[Contender]) -> None:
    """Raise CantRun if the account of a contender has no key in the environment."""
    for contender in contenders:
        if (generator := find_priced(contender)) is not None:
            try:
                generator.require_ready()
            except GenerationError as error:
                raise CantRun(f"{contender.slug}: {error}") from error


def describe_prices(prices: Sequence[Price]) -> Iterator[str]:
    """Return a table of the prices, their total, and what is doubtful about them."""
    width = max(len("contender"), *(len(price.contender) for price in prices))
    yield f"{'contender':<{width}}  clips      USD"
    for price in prices:
        shown = "-" if price.usd is None else f"{price.usd:.2f}"
        yield f"{price.contender:<{width}}  {price.clips:>5}  {shown:>7}"
    total = sum(price.usd or 0.0 for price in prices)
    yield f"{'total':<{width}}  {sum(price.clips for price in prices):>5}  {total:>7.2f}"
    for price in prices:
        yield from (f"{price.contender}: {warning}" for warning in price.warnings)


def _price(contender: Contender, wanted: Wanted, done: set[tuple[int, int, int]]) -> Price:
    generator = find_priced(contender)
    missing = [
        (prompt, seed)
        for prompt in wanted.prompts
        for seed in wanted.seeds or prompt.seeds
        if (contender.pk, prompt.pk, seed) not in done
    ]
    if generator is None:
        return Price(contender.slug, len(missing), None, ())
    found = [_estimate(generator, contender, prompt, seed, wanted) for prompt, seed in missing]
    known = [each.usd for each in found if each.usd is not None]
    warnings = dict.fromkeys(each.warning for each in found if each.warning)
    usd = sum(known) if len(known) == len(found) else None
    return Price(contender.slug, len(missing), usd, tuple(warnings), tuple(found))


def _estimate(generator: Priced, contender: Contender, prompt: Prompt, seed: int, wanted: Wanted) -> Estimate:
    settings = wanted.clip_settings
    reference = Path(prompt.reference_name) if wanted.track.from_image else None
    try:
        return generator.estimate(
            Request(
                track=wanted.track,
                prompt=prompt.text,
                prompt_id=prompt.key,
                seed=seed,
                duration_s=settings.duration_s,
                width=settings.width,
                height=settings.height,
                fps=settings.fps,
                reference_image=reference,
            )
        )
    except GenerationError as error:
        raise CantRun(f"{contender.slug}, prompt {prompt.key}, seed {seed}: {error}") from error


def _done(wanted: Wanted) -> set[tuple[int, int, int]]:
    """Return contender, prompt and seed of the clips that exist with these settings."""
    settings = {"track": wanted.track.value, **wanted.clip_settings.as_dict()}
    jobs = Job.objects.filter(
        contender__in=wanted.contenders,
        prompt__in=wanted.prompts,
        settings_hash=content_hash(settings),
        state=Job.State.SUCCEEDED,
    )
    return set(jobs.values_list("contender_id", "prompt_id", "seed"))
