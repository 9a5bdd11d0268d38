"""Shapes of the API's answers about boards."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

from arena.api.schemas import CONTENDER
from generators.base import Track


class BoardSummary(Schema):
    """A board in a list."""

    study: str
    track: Track
    simulated: bool
    ledger_head: str
    votes: int
    raters: int
    last_vote: datetime | None
    top: list[str] = Field(description="Up to three contenders, best first; empty without ratings")


class Row(Schema):
    """One contender's line on a board."""

    rank: int
    rank_low: int
    rank_high: int
    tier: int
    contender: str = Field(description=CONTENDER)
    name: str
    withheld: bool
    rating: float
    lower: float | None = Field(description="Null where there is no finite limit")
    upper: float | None
    votes: int
    wins: int
    losses: int
    ties: int
    both_bad: int
    win_rate: float
    raters: int | None
    prompts: int | None
    price_per_minute_usd: float | None = Field(
        description="US dollars for a minute of video, measured of its clips or else listed; null if unknown"
    )
    seconds_per_clip: float | None = Field(
        description="Mean seconds from the request for a clip to the file; null if not measured"
    )
    preliminary: bool = Field(description="Whether it rests on too few votes, raters or prompts")


class UnratedRow(Schema):
    """A contender without a finite rating."""

    contender: str = Field(description=CONTENDER)
    reason: str
    lower: float | None = Field(description="Its rating is above this; null without such a bound")
    upper: float | None


class UnlistedRow(Schema):
    """A contender that the board doesn't list yet."""

    contender: str = Field(description=CONTENDER)
    votes: int
    raters: int
    prompts: int
    missing: dict[str, int] = Field(description="How many votes, raters and prompts it still needs")


class Step(Schema):
    """Step from one contender to the next below."""

    higher: str
    lower: str
    difference: float
    difference_lower: float | None
    difference_upper: float | None
    votes_needed: int | None = Field(description="Further votes to tell them apart; null if none suffice")
    is_distinct: bool


class Leader(Schema):
    """Test of whether the first contender is really the best, valid after every vote."""

    contender: str
    evidence: float | None = Field(description="E-value; null where it is too large to write")
    is_shown: bool


class Board(Schema):
    """Ratings of one study, track and slice."""

    study: str
    track: Track
    slice: dict[str, str] = Field(description="Part of the votes; empty for all")
    simulated: bool
    ledger_head: str
    votes: int
    raters: int
    prompts: int
    last_vote: datetime | None
    missing: str = Field(description="Why there are no ratings yet; empty if there are")
    method: dict[str, Any] | None = Field(
        description="Model, intervals, anchor and scale; null without ratings"
    )
    rows: list[Row]
    unrated: list[UnratedRow]
    unlisted: list[UnlistedRow] = Field(description="Rated, with less than the study's terms ask for")
    steps: list[Step]
    leader: Leader | None


class Matrix(Schema):
    """Who beat whom; row against column."""

    contenders: list[str]
    win_rates: list[list[float | None]] = Field(description="Null where the two never met")
    votes: list[list[int]]


class Pair(Schema):
    """Two contenders compared."""

    first: str
    second: str
    votes: int
    win_rate: float | None = Field(description="Share of the credit of the first; null if they never met")
    difference: float = Field(description="Rating of the first less that of the second")
    difference_lower: float | None
    difference_upper: float | None


class Moment(Schema):
    """Ratings of the votes up to a time that count now."""

    at: datetime
    ratings: dict[str, float] = Field(description="Rating of each contender that had a finite one")


class HistoryPoint(Schema):
    """A board at one moment: a snapshot, or the present."""

    at: datetime | None = Field(description="Time of the snapshot; of the last vote for the present board")
    snapshot: str | None = Field(description="Hash of the snapshot's manifest; null for the present board")
    ledger_head: str
    changed: list[str] = Field(description="Settings of the fit, contenders or rules other than before")
    ratings: dict[str, float] = Field(description="Rating of each contender")
    lower: dict[str, float]
    upper: dict[str, float]


class PastRow(Schema):
    """One contender's line on a board of the past."""

    rank: int
    contender: str = Field(description=CONTENDER)
    rating: float
    lower: float | None
    upper: float | None
    votes: int


class HistoryBreak(Schema):
    """Moment at which a board's numbers changed by something else than a vote."""

    at: datetime
    kind: Literal["votes", "method", "default"] = Field(
        description="Votes removed or back, another fit of the study, or another default of the software"
    )
    rule: str = Field(description="Rule of the removal; name and version of the change of a default")
    reason: str
    votes: int = Field(description="Number of votes that were removed, or came back")
    undone: bool = Field(description="Whether the votes came back")
    changes: list[str] = Field(description="What differs in the method")
    before: list[PastRow] = Field(description="The board just before, best first; empty without ratings")
    after: list[PastRow]


class History(Schema):
    """How a board came to be."""

    moments: list[Moment] = Field(description="Past ratings at equal distances in time, at most an hour old")
    boards: list[HistoryPoint] = Field(description="Each snapshot, the oldest first, and the present board")
    breaks: list[HistoryBreak] = Field(description="The last 20 breaks, the oldest first")
