"""Contenders, suites and their prompts."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.text import slugify

PSEUDONYM_SALT = "arena.catalog.pseudonym"


def pseudonym(contender: int, codename: str) -> str:
    """Return the public slug of a contender while it has a codename."""
    digest = salted_hmac(PSEUDONYM_SALT, str(contender)).hexdigest()[:8]
    return f"{slugify(codename) or 'withheld'}-{digest}"


class Contender(models.Model):
    """One generating system with fixed settings. Its slug and settings never change."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    maker = models.CharField(max_length=120, blank=True)
    codename = models.CharField(max_length=120, blank=True, help_text="Shown while the identity is withheld")
    generator = models.CharField(max_length=64)
    settings = models.JSONField(default=dict)
    released_on = models.DateField(null=True, blank=True, help_text="Day on which it was released")
    open_weights = models.BooleanField(
        null=True, blank=True, help_text="Whether its weights can be downloaded"
    )
    price_per_minute_usd = models.FloatField(
        null=True, blank=True, help_text="List price of a minute of video, for clips without a recorded cost"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug

    @property
    def is_withheld(self) -> bool:
        """Whether pages show the codename, and neither name nor maker, even after a vote."""
        return bool(self.codename)

    @property
    def shown_name(self) -> str:
        """Name on pages: the codename while the identity is withheld."""
        return self.codename or self.name

    @property
    def public_slug(self) -> str:
        """Slug for addresses and files: a pseudonym made of the codename while the identity is withheld."""
        return pseudonym(self.pk, self.codename) if self.is_withheld else self.slug

    @property
    def shown_origin(self) -> str:
        """Small print beside the name: slug and maker, or nothing while the identity is withheld."""
        return "" if self.is_withheld else " · ".join(part for part in (self.slug, self.maker) if part)


class CommitmentQuerySet(models.QuerySet["Commitment"]):
    """Commitments, with filters by state."""

    def hidden(self) -> CommitmentQuerySet:
        """Return those whose identity was never revealed, withdrawn ones included."""
        return self.filter(revealed_at__isnull=True)

    def over(self) -> CommitmentQuerySet:
        """Return hidden ones that are shown to nobody any more: withdrawn, or past a cap.

        The database's clock decides, since the query may be compiled once and run later.
        """
        past = Q(until__lte=Now()) | Q(votes__gte=F("most_votes"))
        return self.hidden().filter(past | Q(withdrawn_at__isnull=False))


class Commitment(models.Model):
    """Proof of who an anonymous contender is: a hash that is published at entry, and opened at the reveal."""

    contender = models.OneToOneField(Contender, on_delete=models.PROTECT, related_name="commitment")
    codename = models.CharField(max_length=120)
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the opening; public")
    opening = models.TextField(help_text="Canonical JSON with the nonce; public once revealed")
    votes = models.PositiveBigIntegerField(default=0, help_text="Votes on its clips while hidden")
    most_votes = models.PositiveBigIntegerField(help_text="Votes after which it is shown no more")
    until = models.DateTimeField(help_text="Time from which it is shown no more while hidden")
    committed_at = models.DateTimeField()
    revealed_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = CommitmentQuerySet.as_manager()

    class Meta:
        ordering = ["committed_at", "pk"]

    def __str__(self) -> str:
        return f"{self.codename} {self.digest[:12]}"

    @property
    def pseudonym(self) -> str:
        """Public slug that the contender has, or had, while hidden."""
        return pseudonym(self.contender_id, self.codename)

    @property
    def state(self) -> str:
        """What became of it: `revealed`, `withdrawn`, `ended` (past a cap and still hidden) or `hidden`."""
        if self.revealed_at is not None:
            return "revealed"
        if self.withdrawn_at is not None:
            return "withdrawn"
        return "ended" if self.votes >= self.most_votes or self.until <= timezone.now() else "hidden"


class Suite(models.Model):
    """One version of a list of prompts; a changed file becomes the next version."""

    name = models.SlugField(max_length=64)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    content_hash = models.CharField(max_length=64)
    seeds = models.JSONField()
    from_clips = models.BooleanField(
        default=False, help_text="Made of the clips of one study; it grows until that study's first vote"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "version"]
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="suite_version_once"),
            models.UniqueConstraint(fields=["name", "content_hash"], name="suite_content_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class Prompt(models.Model):
    """One task of a suite. The fields from `expected_sound` on describe it; generators do not get them."""

    suite = models.ForeignKey(Suite, on_delete=models.CASCADE, related_name="prompts")
    key = models.CharField(max_length=64)
    position = models.PositiveIntegerField()
    text = models.TextField()
    tags = models.JSONField(default=list)
    language = models.CharField(max_length=35)
    seeds = models.JSONField()
    reference_sha256 = models.CharField(max_length=64, blank=True)
    reference_name = models.CharField(max_length=120, blank=True)
    expected_sound = models.TextField(blank=True, help_text="What should be heard in a good clip")
    licence = models.CharField(max_length=200, blank=True, help_text="Licence of the text and image")
    origin = models.TextField(blank=True, help_text="Who wrote it, or the file and line it came from")
    translates = models.CharField(max_length=64, blank=True, help_text="Key of the prompt it translates")
    dimensions = models.JSONField(default=list, help_text="What a benchmark measures with it")
    aux = models.JSONField(default=dict, help_text="Further fields of the benchmark, as they were")

    class Meta:
        ordering = ["suite", "position"]
        constraints = [
            models.UniqueConstraint(fields=["suite", "key"], name="prompt_key_once_in_suite"),
            models.UniqueConstraint(fields=["suite", "position"], name="prompt_position_once_in_suite"),
        ]

    def __str__(self) -> str:
        return f"{self.suite}/{self.key}"
