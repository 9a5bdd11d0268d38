"""How people judge: studies, raters, ballots, votes, and the ledger that records them."""

from __future__ import annotations

import re
import uuid

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_noop

from arena.catalog.hashing import content_hash
from arena.catalog.models import Contender, Prompt, Suite
from arena.catalog.tracks import TRACK_CHOICES
from arena.runs.models import Rendition
from arena.voting.choices import Control as Control
from arena.voting.choices import Outcome as Outcome
from arena.voting.choices import VoidReason as VoidReason
from arena.voting.modes import Mode
from arena.voting.validating import refuse_odd_line as refuse_odd_line
from arena.voting.validating import refuse_odd_tracks as refuse_odd_tracks
from generators.base import Track

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
    terms = models.JSONField(default=dict, blank=True, help_text="Terms of the study, less defaults")
    suites = models.ManyToManyField(Suite, related_name="studies")
    contenders = models.ManyToManyField(Contender, related_name="studies")
    simulated = models.BooleanField(default=False)
    rules_version = models.PositiveIntegerField(default=1, help_text="Number of the present rules")
    is_open = models.BooleanField(default=True)
    is_paused = models.BooleanField(default=False, help_text="Open pairs can be answered, none is issued")
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
    def state(self) -> str:
        """State in one word: open, paused or closed."""
        if not self.is_open:
            return gettext_noop("closed")
        return gettext_noop("paused") if self.is_paused else gettext_noop("open")

    @property
    def invites_votes(self) -> bool:
        """Whether a person can start voting in it."""
        return self.is_open and not self.is_paused and not self.simulated

    @property
    def is_public(self) -> bool:
        """Whether everybody can start voting in it, without an invitation."""
        return self.invites_votes and "admission" not in self.terms

    @property
    def has_introduction(self) -> bool:
        """Whether the organiser wrote a text that raters must see before their first pair."""
        return any(getattr(self, name) for name in FRONT_TEXTS)


class StudyChange(models.Model):
    """One change of a study's state, texts or rules. Written once, never edited."""

    class Kind(models.TextChoices):
        OPENED = "opened"
        PAUSED = "paused"
        CLOSED = "closed"
        REOPENED = "reopened"
        REVISED = "revised"
        RULES = "rules"

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="changes")
    number = models.PositiveIntegerField(help_text="From 1 on, within the study")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    reason = models.TextField(blank=True)
    details = models.JSONField(default=dict, help_text="Rules from this change on, and those before")
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
        VOIDED = "voided"

    class Order(models.TextChoices):
        """Side whose sound is played first."""

        A = "a"
        B = "b"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="ballots")
    rater = models.ForeignKey(Rater, on_delete=models.PROTECT, related_name="ballots")
    number = models.PositiveIntegerField(
        null=True, help_text="From 1 on, within the rater's ballots in all studies; earlier versions had none"
    )
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
    mode = models.CharField(max_length=5, choices=Mode.choices, default=Mode.BOTH)
    control = models.CharField(max_length=9, choices=Control.choices, blank=True, default="", db_default="")
    twin = models.ForeignKey("voting.Twin", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    twin_side = models.CharField(
        max_length=1,
        choices=Order.choices,
        blank=True,
        default="",
        db_default="",
        help_text="Side that shows the twin in place of its clip",
    )
    rules_version = models.PositiveIntegerField(default=1, help_text="Of the rules it was issued under")
    state = models.CharField(max_length=7, choices=State.choices, default=State.OPEN)
    void_reason = models.CharField(
        max_length=6, choices=VoidReason.choices, blank=True, default="", db_default=""
    )
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(rendition_a=F("rendition_b")) | Q(control__in=["gold", "identical", "training"]),
                name="ballot_of_two",
            ),
            models.CheckConstraint(
                condition=Q(control__in=["gold", "training"], twin__isnull=False, twin_side__in=["a", "b"])
                | (~Q(control__in=["gold", "training"]) & Q(twin__isnull=True, twin_side="")),
                name="ballot_of_gold_has_twin",
            ),
            models.CheckConstraint(
                condition=Q(propensity__gt=0, propensity__lte=1), name="ballot_propensity_is_probability"
            ),
            models.CheckConstraint(condition=Q(order__in=["", "a", "b"]), name="ballot_order_known"),
            models.UniqueConstraint(
                fields=["study", "rater"], condition=Q(state="open"), name="one_open_ballot_for_rater"
            ),
            models.UniqueConstraint(fields=["rater", "number"], name="ballot_number_once"),
        ]
        indexes = [models.Index(fields=["study", "rater"], name="ballot_by_rater")]

    def __str__(self) -> str:
        return f"ballot {self.id} ({self.state})"

    @property
    def with_sound(self) -> bool:
        """Whether its sound is judged."""
        return Track(self.track).with_sound and self.mode != Mode.MUTED


class VoteQuerySet(models.QuerySet["Vote"]):
    """Votes, with filters for those after the training, those on ordinary pairs, and those that count."""

    def after_training(self) -> VoteQuerySet:
        """Return the votes on pairs that are no training."""
        return self.exclude(ballot__control=Control.TRAINING)

    def ordinary(self) -> VoteQuerySet:
        """Return the votes on pairs that are no controls."""
        return self.filter(ballot__control="")

    def counting(self) -> VoteQuerySet:
        """Return the ordinary votes that count, which are those without an exclusion that holds."""
        holding = Exclusion.objects.holding().filter(vote=OuterRef("pk"))
        return self.ordinary().exclude(Exists(holding))


class Vote(models.Model):
    """The answer to a ballot. Written once, never edited."""

    ballot = models.OneToOneField(Ballot, on_delete=models.PROTECT, related_name="vote")
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    playback = models.JSONField(default=dict, help_text="What the page says was watched and heard")
    aspects = models.JSONField(default=dict, help_text="Answers about aspects: a, same or b by name")
    created_at = models.DateTimeField()

    objects = VoteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="vote_outcome_known")
        ]

    def __str__(self) -> str:
        return f"{self.outcome} on {self.ballot_id}"


class ExclusionQuerySet(models.QuerySet["Exclusion"]):
    """Exclusions, with a filter for those that hold."""

    def holding(self) -> ExclusionQuerySet:
        """Return the exclusions that were not undone."""
        return self.filter(undoing__isnull=True)


class Exclusion(models.Model):
    """Removal of a vote from the count, by a named rule. The vote's row stays. Written once."""

    vote = models.ForeignKey(Vote, on_delete=models.PROTECT, related_name="exclusions")
    number = models.PositiveIntegerField(default=1, help_text="From 1 on, within the vote")
    rule = models.SlugField(max_length=64)
    reason = models.TextField()
    evidence = models.JSONField(
        default=dict, blank=True, help_text="Version, threshold and figures of a screening rule"
    )
    created_at = models.DateTimeField()

    objects = ExclusionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["vote", "number"], name="exclusion_numbered")]

    def __str__(self) -> str:
        return f"{self.rule} on vote {self.vote_id}"


class Undoing(models.Model):
    """End of an exclusion: its vote counts again. Written once, never edited."""

    exclusion = models.OneToOneField(Exclusion, on_delete=models.PROTECT, related_name="undoing")
    reason = models.TextField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"undoing of exclusion {self.exclusion_id}"


class LedgerEntry(models.Model):
    """One entry of a study's hash chain. Its hash covers its content and the previous hash."""

    class Kind(models.TextChoices):
        VOTE = "vote"
        CONTROL = "control"
        """Vote on a control pair, which enters no tally."""
        EXCLUSION = "exclusion"
        UNDOING = "undoing"
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
