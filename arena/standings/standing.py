"""Standing: all numbers of one board as a value that pages, exports and the API read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from analysis.board import Board
from arena.standings.slices import WHOLE, Slice
from arena.voting.fit_settings import FitSettings
from elo import Interval, Ratings


@dataclass(frozen=True)
class Step:
    """Step from one contender of a board down to the next."""

    higher: str
    lower: str
    difference: Interval
    """Rating of the higher less that of the lower, with its interval."""
    votes_needed: int | None
    """Further votes after which the interval is expected to leave out 0 (with a power of 80 %), if the
    difference is as large as estimated and raters and prompts grow along. 0 if it does now; None if no number
    suffices."""
    buy: str
    """Source of most of the variance: `votes`, `raters` or `prompts`; `nothing` where the votes suffice."""

    @property
    def is_distinct(self) -> bool:
        """Whether the interval of the difference leaves out 0."""
        return self.difference.lower > 0


@dataclass(frozen=True)
class Leader:
    """Test whether the first contender is really the best; it may be read after every vote."""

    contender: str
    evidence: float
    """E-value against its being no better than the best other: at most 20 by chance at any look."""
    is_shown: bool
    """Whether the evidence suffices, from enough raters and prompts."""


@dataclass(frozen=True)
class Unlisted:
    """Contender with fewer votes, raters or prompts than the study's terms ask for."""

    contender: str
    votes: int
    raters: int
    prompts: int
    missing: dict[str, int]
    """How many `votes`, `raters` and `prompts` it still needs, where it needs any."""


@dataclass(frozen=True)
class Standing:
    """Board, or the reason why there is none yet, with the ledger head that it was computed from."""

    head: str
    votes: int
    board: Board | None
    """Rows with rank, rating, interval, tier and shares, the matrix, and the fit's settings."""
    missing: str = ""
    culprits: str = ""
    """Unrated contenders by slug, with reasons; not for pages where an identity is withheld."""
    raters: int = 0
    prompts: int = 0
    last_vote: datetime | None = None
    """Time of the last vote that counts."""
    slice: Slice = WHOLE
    fit: FitSettings = field(default_factory=FitSettings)
    """Settings of the fit, by the study's rules; `fit.model` names the model."""
    unlisted: tuple[Unlisted, ...] = ()
    """Rated contenders that the board doesn't list yet, best first."""
    steps: tuple[Step, ...] = ()
    """One step for each two neighbours on the board, from the top."""
    leader: Leader | None = None
    """None without a board."""
    ratings: Ratings | None = field(default=None, compare=False, repr=False)
    """The fit behind the board, for differences between any two contenders."""
    computed_at: datetime = field(default_factory=timezone.now, compare=False)

    @property
    def recipe(self) -> str:
        """Recipe of the intervals in one line; empty without a board."""
        return str(self.board.settings["covariance"]) if self.board else ""

    @property
    def is_preliminary(self) -> bool:
        """Whether any rating on the board rests on too few votes, raters or prompts."""
        return self.board is not None and any(row.is_preliminary for row in self.board.rows)
