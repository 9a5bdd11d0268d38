"""Draft a run with its price before anything is stored, then place it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from arena.catalog.lookup import split_names
from arena.catalog.models import Contender, Prompt, Suite
from arena.catalog.tags import choose_prompts
from arena.runs.estimates import Price, Wanted, price_run, refuse_missing_keys
from arena.runs.geometry import DEFAULT, HOSTED, Asked, Chosen, choose_settings
from arena.runs.hosting import is_hosted
from arena.runs.models import Run
from arena.runs.replacements import retire_replaced
from arena.runs.runs import plan_run
from arena.runs.spending import Caps, describe_caps, refuse_unaffordable, set_caps
from arena.runs.survey import Place, Survey, survey_clips
from generators.base import LARGEST_SEED, Track

Surveyor = Callable[[Sequence[Prompt], Sequence[Contender], Sequence[int], Sequence[str]], Survey]
"""Function of prompts, contenders, seeds and the keys of all prompts that looks at clips that exist."""


@dataclass(frozen=True)
class Order:
    """Run that is asked for."""

    suite: Suite
    contenders: Sequence[Contender]
    track: Track
    caps: Caps
    seeds: Sequence[int] = ()
    """Seeds of every prompt; empty takes each prompt's own."""
    tags: Sequence[str] = ()
    exclude_tags: Sequence[str] = ()
    asked: Asked = field(default_factory=Asked)
    allow_short: bool = False
    """Whether the last picture of a clip that ends early may be held."""


@dataclass(frozen=True)
class Draft:
    """What an order would make and cost. Nothing of it is stored."""

    order: Order
    prompts: Sequence[Prompt]
    """Prompts that the tags leave."""
    number_of_prompts: int
    """Number of all prompts of the suite."""
    survey: Survey
    chosen: Chosen
    prices: Sequence[Price]

    @property
    def clips(self) -> int:
        """Number of clips still to be made."""
        return sum(price.clips for price in self.prices)

    @property
    def usd(self) -> float:
        """Expected cost of the clips whose price is known, in US dollars."""
        return sum(price.usd or 0.0 for price in self.prices)


class Placed(NamedTuple):
    """Run that was stored, and the places of clips whose files were replaced."""

    run: Run
    replaced: list[Place]


def survey_quietly(
    prompts: Sequence[Prompt], contenders: Sequence[Contender], seeds: Sequence[int], known: Sequence[str]
) -> Survey:
    """Look at the clips that contenders bring, without a progress bar."""
    return survey_clips(prompts=prompts, contenders=contenders, seeds=seeds, known=known)


def draft_run(order: Order, survey: Surveyor = survey_quietly) -> Draft:
    """Look at the clips that exist, choose the settings and price the others.

    Raises:
        UnknownName: no prompt has one of the tags.
        NothingChosen: the tags leave no prompt.
        ClipsDiffer, ShortClips, SettingsError: clips that exist don't go together or can't be read.
        CantRun: a contender's model can't make one of the clips.
    """
    everything = list(order.suite.prompts.all())
    prompts = choose_prompts(everything, tags=order.tags, exclude_tags=order.exclude_tags)
    found = survey(prompts, order.contenders, order.seeds, [prompt.key for prompt in everything])
    default = HOSTED if any(map(is_hosted, order.contenders)) else DEFAULT
    chosen = choose_settings(asked=order.asked, survey=found, allow_short=order.allow_short, default=default)
    wanted = Wanted(order.contenders, prompts, order.seeds, order.track, chosen.settings)
    return Draft(order, prompts, len(everything), found, chosen, price_run(wanted))


def check_affordable(draft: Draft) -> list[str]:
    """Return a line for each cap that the run is expected to exceed.

    Raises:
        CantRun: a cap can't be held, or doesn't allow the first clip of a contender.
    """
    caps = draft.order.caps
    refuse_unaffordable(caps, draft.order.contenders, draft.prices)
    return list(describe_caps(caps, draft.prices))


def place_run(draft: Draft) -> Placed:
    """Store the run with its jobs and caps; the same order again returns the run that exists.

    Raises:
        CantRun: a cap or a missing key keeps it from starting, or the track doesn't fit its prompts.
    """
    order = draft.order
    check_affordable(draft)
    refuse_missing_keys(order.contenders)
    replaced = retire_replaced(suite=order.suite, clips=draft.survey.clips)
    run = plan_run(
        suite=order.suite,
        contenders=order.contenders,
        seeds=order.seeds,
        track=order.track,
        clip_settings=draft.chosen.settings,
        tags=order.tags,
        exclude_tags=order.exclude_tags,
    )
    set_caps(run, order.caps)
    return Placed(run, replaced)


def describe_misfits(survey: Survey, track: Track) -> Iterator[str]:
    """Describe what clips that exist lack, or have too much of, for a run on a track."""
    for contender, name in survey.unknown:
        yield f"{contender}: {name} belongs to no prompt of the suite, and is left out"
    for place in survey.missing:
        yield f"{place}: no clip"
    for place, reason in survey.unusable:
        yield f"{place}: can't be shown: {reason}"
    for place in survey.without_sound() if track.with_sound else ():
        yield f"{place}: no sound, on a track where sound is judged"


def read_seeds(text: str) -> list[int]:
    """Return the seeds in a text such as `0, 1`.

    Raises:
        ValueError: a part is no whole number from 0.
    """
    parts = split_names(text)
    if not all(part.isdecimal() for part in parts):
        raise ValueError(f"seeds must be whole numbers from 0 with commas between; got '{text}'. Try 0,1.")
    # Python refuses to read numbers of thousands of digits; one digit more than allowed is too large as well.
    return [int(part.lstrip("0")[: len(str(LARGEST_SEED)) + 1] or "0") for part in parts]
