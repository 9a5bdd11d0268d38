"""Shapes of the API's answers about studies, contenders, suites and snapshots."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from ninja import Schema
from pydantic import Field

from generators.base import Track

LESS = "less that of clip b; null while people can be shown the clips, or if it isn't recorded"
CONTENDER = "Slug of the contender; a pseudonym while its identity is withheld"


class StudySummary(Schema):
    """A study in a list."""

    study: str = Field(description="Slug of the study")
    title: str
    question: str
    tracks: list[Track]
    simulated: bool = Field(description="Whether its raters are simulated; people then can't vote")
    is_open: bool
    created_at: datetime


class Contender(Schema):
    """A contender as the public may know it."""

    contender: str = Field(description=CONTENDER)
    name: str = Field(description="Name, or the codename while the identity is withheld")
    withheld: bool = Field(description="Whether the identity is withheld; the rest is null then")
    maker: str | None
    generator: str | None
    released_on: date | None
    open_weights: bool | None
    list_price_per_minute_usd: float | None


class StudyChange(Schema):
    """An opening, closing or revision of a study."""

    kind: str
    at: datetime


class Study(StudySummary):
    """A study with its rules."""

    rules: dict[str, Any] = Field(description="Everything that its numbers depend on")
    contenders: list[Contender]
    suites: list[str] = Field(description="As NAME@VERSION")
    changes: list[StudyChange]
    votes_are_public: bool = Field(description="Whether single votes need no token")


class Suite(Schema):
    """One version of a list of prompts."""

    suite: str
    version: int
    title: str
    content_hash: str
    prompts: int
    created_at: datetime


class Prompt(Schema):
    """One prompt of a suite."""

    prompt: str
    text: str
    tags: list[str]
    language: str
    seeds: list[int]
    prompt_hash: str
    reference_sha256: str | None
    licence: str


class Snapshot(Schema):
    """A frozen, signed board."""

    manifest_sha256: str
    study: str
    created_at: datetime
    ledger_head: str
    ledger_entries: int
    has_archive: bool = Field(description="Whether the site keeps it as a zip file to download")


class SnapshotDetail(Snapshot):
    """A snapshot with its manifest."""

    manifest: str = Field(description="Canonical JSON (RFC 8785), exactly as it was signed")
    signature: str = Field(description="Ed25519 signature of the manifest, in Base64")
    boards: dict[str, Any] = Field(description="Table of each track")


class Head(Schema):
    """Signed head of a study's ledger."""

    format: str
    study: str
    entries: int
    head: str
    at: str | None = Field(description="Time of the last entry; null before the first")
    site_key: str = Field(description="Public Ed25519 key, in Base64")
    signature: str = Field(description="Over the RFC 8785 form of this document without `signature`")


class Vote(Schema):
    """A single vote, with a pseudonymous rater."""

    vote: int = Field(description="Number of its entry in the ledger")
    simulated: bool
    track: Track
    suite: str
    suite_version: int
    prompt: str
    prompt_hash: str
    language: str
    tags: str = Field(description="Tags of the prompt, with | between them")
    seed: int
    settings_hash: str
    contender_a: str
    contender_b: str
    outcome: str
    aspects: str = Field(description="Answers about aspects, such as sound=a|sync=same; empty for none")
    mode: str = Field(description="Mode of judging: both, muted or sound")
    rules_version: int = Field(description="Version of the study's rules that it was cast under")
    order: str | None = Field(description="Side heard first; null where no sound is judged")
    propensity: float
    rater: str
    issued_at: datetime
    at: datetime
    excluded_by: str | None = Field(description="Rule that excluded it; null for a vote that counts")
    aspect_ratio: str = Field(description="Width to height of the clips, such as 16:9")
    duration: float | None = Field(description=f"Seconds of clip a {LESS}")
    resolution: float | None = Field(description=f"log2 of the pixels of a picture of clip a {LESS}")
    frame_rate: float | None = Field(description=f"Pictures a second of clip a {LESS}")
    loudness: float | None = Field(description=f"Integrated LUFS (EBU R 128) of clip a {LESS}")
    motion: float | None = Field(
        description=f"Mean difference of luma between successive pictures of clip a {LESS}"
    )


class Votes(Schema):
    """One page of votes, in the ledger's order."""

    items: list[Vote]
    next_after: int | None = Field(description="Value of `after` for the next page; null on the last")
