"""How people judge: studies, raters, ballots, votes, and the ledger that records them."""

from __future__ import annotations

import re
import unicodedata
import uuid

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from arena.catalog.hashing import content_hash
from arena.catalog.models import Contender, Prompt, Suite
from arena.catalog.tracks import TRACK_CHOICES
from arena.runs.models import Rendition
from generators.base import Track


class Outcome(models.TextChoices):
    """Answer to a ballot."""

    A = "a", "A is better"
    TIE = "tie", "Tie"
    BOTH_BAD = "both_bad", "Both bad"
    B = "b", "B is better"


def refuse_odd_line(text: str) -> None:
    """Raise ValidationError unless the text is one line of printable characters, not all blank."""
    if not text.strip() or any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text):
        raise ValidationError("must be one line of printable characters")


def refuse_odd_tracks(tracks: object) -> None:
    """Raise ValidationError unless the value is a list of one known track or more."""
    if not isinstance(tracks, list) or not tracks or not all(track in tuple(Track) for track in tracks):
        raise ValidationError("must be a list of tracks")


FRONT_TEXTS = ("asked_by", "introduction", "contact")
"""Fields of a study that only its front page shows."""


class Study(models.Model):
    """An evaluation with fixed rules."""

    slug = models.SlugField(max_length=64, unique=True)
    title = models.CharField(max_length=120, validators=[refuse_odd_line])
    question = models.CharField(max_length=200, validators=[refuse_odd_line])
    asked_by = models.CharField(
        max_length=120, blank=True, validators=[refuse_odd_line], help_text="Person or organisation that asks"
    )
    introduction = models.CharField(
        max_length=600, blank=True, validators=[refuse_odd_line], help_text="Two sentences for the front page"
    )
    contact = models.CharField(
        max_length=200,
        blank=True,
        validators=[refuse_odd_line],
        help_text="E-mail or web address for questions",
    )
    tracks = models.JSONField(validators=[refuse_odd_tracks])
    clip_settings = models.JSONField(
        default=list, blank=True, help_text="The settings of the clips that pairs are drawn from"
    )
    pairing = models.CharField(
        max_length=400, default="uniform", help_text="What the next pairs are chosen for, such as top-10"
    )
    fit = models.JSONField(default=dict, blank=True, help_text="Settings of the ratings, less defaults")
    suites = models.ManyToManyField(Suite, related_name="studies")
    contenders = models.ManyToManyField(Contender, related_name="studies")
    simulated = models.BooleanField(default=False)
    is_open = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]
        verbose_name_plural = "studies"

    def __str__(self) -> str:
        return self.slug

    @property
    def has_address(self) -> bool:
        """Whether the slug can stand in an address; rows older than its validation may hold anything."""
        return re.fullmatch("[-a-zA-Z0-9_]+", self.slug) is not None

    @property
    def settings_hashes(self) -> list[str]:
        """Hash of the settings of each kind of clips that the study shows."""
        return [content_hash(settings) for settings in self.clip_settings]

    @property
    def has_introduction(self) -> bool:
        """Whether the organiser wrote a text that raters must see before their first pair."""
        return any(getattr(self, name) for name in FRONT_TEXTS)


class StudyChange(models.Model):
    """One opening, closing, reopening or revision of a study. Written once, never edited."""

    class Kind(models.TextChoices):
        OPENED = "opened"
        CLOSED = "closed"
        REOPENED = "reopened"
        REVISED = "revised"

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="changes")
    number = models.PositiveIntegerField(help_text="From 1 on, within the study")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["study", "number"]
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="study_change_once"),
        ]

    def __str__(self) -> str:
        return f"{self.study_id}: {self.kind} ({self.number})"


class Rater(models.Model):
    """A person who votes, known by a signed cookie, or a simulated rater."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    simulated = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.id)


class Ballot(models.Model):
    """One pair shown to one rater, sides drawn at random."""

    class State(models.TextChoices):
        OPEN = "open"
        VOTED = "voted"
        SKIPPED = "skipped"
        EXPIRED = "expired"

    class Order(models.TextChoices):
        """Side whose sound is played first."""

        A = "a"
        B = "b"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="ballots")
    rater = models.ForeignKey(Rater, on_delete=models.PROTECT, related_name="ballots")
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="ballots")
    track = models.CharField(max_length=9, choices=TRACK_CHOICES)
    rendition_a = models.ForeignKey(Rendition, on_delete=models.PROTECT, related_name="+")
    rendition_b = models.ForeignKey(Rendition, on_delete=models.PROTECT, related_name="+")
    propensity = models.FloatField(help_text="Probability with which this pair on these sides was drawn")
    order = models.CharField(
        max_length=1,
        choices=Order.choices,
        blank=True,
        help_text="Side heard first, drawn with probability 1/2; empty where no sound is judged",
    )
    state = models.CharField(max_length=7, choices=State.choices, default=State.OPEN)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(rendition_a=F("rendition_b")), name="ballot_of_two"),
            models.CheckConstraint(
                condition=Q(propensity__gt=0, propensity__lte=1), name="ballot_propensity_is_probability"
            ),
            models.CheckConstraint(condition=Q(order__in=["", "a", "b"]), name="ballot_order_known"),
            models.UniqueConstraint(
                fields=["study", "rater"], condition=Q(state="open"), name="one_open_ballot_for_rater"
            ),
        ]
        indexes = [models.Index(fields=["study", "rater"], name="ballot_by_rater")]

    def __str__(self) -> str:
        return f"ballot {self.id} ({self.state})"


class VoteQuerySet(models.QuerySet["Vote"]):
    """Votes, with a filter for those that count."""

    def counting(self) -> VoteQuerySet:
        """Return the votes that count, which are those without an exclusion."""
        return self.filter(exclusion__isnull=True)


class Vote(models.Model):
    """The answer to a ballot. Written once, never edited."""

    ballot = models.OneToOneField(Ballot, on_delete=models.PROTECT, related_name="vote")
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    playback = models.JSONField(default=dict, help_text="What the page says was watched and heard")
    created_at = models.DateTimeField()

    objects = VoteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="vote_outcome_known")
        ]

    def __str__(self) -> str:
        return f"{self.outcome} on {self.ballot_id}"


class Exclusion(models.Model):
    """Removal of a vote from the count, by a named rule. The vote's row stays."""

    vote = models.OneToOneField(Vote, on_delete=models.PROTECT, related_name="exclusion")
    rule = models.SlugField(max_length=64)
    reason = models.TextField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.rule} on vote {self.vote_id}"


class LedgerEntry(models.Model):
    """One entry of a study's hash chain. Its hash covers its content and the previous hash."""

    class Kind(models.TextChoices):
        VOTE = "vote"
        EXCLUSION = "exclusion"
        CHANGE = "change"

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="ledger")
    sequence = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=9, choices=Kind.choices)
    payload = models.TextField(help_text="Canonical JSON, hashed as it stands")
    previous_hash = models.CharField(max_length=64)
    entry_hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["study", "sequence"]
        constraints = [
            models.UniqueConstraint(fields=["study", "sequence"], name="ledger_sequence_once"),
            models.UniqueConstraint(fields=["study", "previous_hash"], name="ledger_never_forks"),
        ]

    def __str__(self) -> str:
        return f"{self.study_id}#{self.sequence} {self.kind}"


class RateCount(models.Model):
    """Number of requests under one name in the window that began last."""

    key = models.CharField(max_length=64, primary_key=True, help_text="HMAC of what is limited")
    window = models.BigIntegerField(db_index=True, help_text="Its first second since 1970")
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.key[:12]}: {self.count}"
