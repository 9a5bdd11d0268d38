"""Runs, their jobs, the clips and their renditions."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from arena.catalog.models import Contender, Prompt, Suite
from arena.catalog.tracks import TRACK_CHOICES
from arena.runs.clip_settings import ClipSettings


class Job(models.Model):
    """One generation: a contender, a prompt, a seed and the run's settings. Runs share jobs."""

    class State(models.TextChoices):
        """State of a job; jobs of generators in this tree are planned, running, and succeeded or failed."""

        PLANNED = "planned"
        SUBMITTING = "submitting"
        """State while a create call is under way."""
        UNKNOWN = "unknown"
        """State after a create call whose answer was lost: the provider may have a job or not."""
        QUEUED = "queued"
        """State of a job that the provider has accepted and not begun."""
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        BLOCKED = "blocked"
        """State after a refusal by the provider's moderation."""
        CANCELLED = "cancelled"
        """State after a person or, after the deadline, the provider has cancelled it."""
        EXPIRED = "expired"
        """State of a job that is overdue and goes on at the provider, or whose clip is no longer kept."""
        RETIRED = "retired"
        """State of a job whose file was replaced after its clip was made; another job has the new file."""

    OPEN = (State.PLANNED, State.SUBMITTING, State.UNKNOWN, State.QUEUED, State.RUNNING)
    """States in which there is something left to do."""
    WITHOUT_CLIP = (State.FAILED, State.BLOCKED, State.CANCELLED, State.EXPIRED)
    """States of jobs that ended without a clip; they can be tried again."""

    contender = models.ForeignKey(Contender, on_delete=models.PROTECT, related_name="jobs")
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="jobs")
    seed = models.BigIntegerField()
    track = models.CharField(max_length=9, choices=TRACK_CHOICES)
    settings = models.JSONField(help_text="Track, duration, geometry and frame rate asked for")
    settings_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    attempts = models.PositiveIntegerField(default=0)
    claimed_by = models.CharField(max_length=32, blank=True, help_text="Process at work; empty without one")
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text="When the message sent last is to be acted upon")
    pending_files = models.JSONField(default=list, help_text="Files about to be stored, as [storage, name]")
    error_kind = models.CharField(max_length=32, blank=True)
    error_message = models.TextField(blank=True)
    paid_by = models.ForeignKey(
        "Run", on_delete=models.SET_NULL, null=True, related_name="+", help_text="Run whose caps hold"
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["contender", "prompt", "seed", "settings_hash"],
                condition=~Q(state="retired"),
                name="job_once",
            ),
            models.CheckConstraint(condition=Q(seed__gte=0), name="job_seed_from_0"),
        ]
        indexes = [models.Index(fields=["state", "claimed_at"], name="job_by_state")]

    def __str__(self) -> str:
        return f"{self.contender_id}/{self.prompt_id}/{self.seed} ({self.state})"

    @property
    def clip_settings(self) -> ClipSettings:
        """Settings that the clip is asked for."""
        return ClipSettings.of(self.settings)


class Run(models.Model):
    """Prompts of a suite × contenders × seeds to be made on one track."""

    suite = models.ForeignKey(Suite, on_delete=models.PROTECT, related_name="runs")
    contenders = models.ManyToManyField(Contender, related_name="runs")
    jobs = models.ManyToManyField(Job, related_name="runs")
    track = models.CharField(max_length=9, choices=TRACK_CHOICES)
    seeds = models.JSONField(help_text="Asked for; empty where each prompt brings its own")
    tags = models.JSONField(default=list, help_text="Prompts with one of these; empty for all")
    exclude_tags = models.JSONField(default=list, help_text="No prompts with one of these")
    settings = models.JSONField()
    max_usd = models.DecimalField(max_digits=14, decimal_places=6, null=True, help_text="Cap; null for none")
    max_usd_per_contender = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    accept_stale_prices = models.BooleanField(default=False, help_text="Whether caps go by doubtful prices")
    is_paused = models.BooleanField(default=False, db_default=False, help_text="No further job is begun")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"run {self.pk} of {self.suite}"


class Submission(models.Model):
    """One create call to a provider, stored before it is sent: its cost, and the job that came of it."""

    class Outcome(models.TextChoices):
        OPEN = "open"
        VOID = "void"
        """Outcome of a call that created no job and cost nothing."""
        ENDED = "ended"
        """Outcome of a job that can no longer bring a clip."""
        MADE = "made"
        """Outcome of a job whose clip can be fetched."""

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="submissions")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="submissions")
    provider = models.CharField(max_length=32)
    model = models.CharField(max_length=64)
    handle = models.CharField(max_length=32, help_text="Our own id of the call")
    submitted_at = models.DateTimeField()
    request_id = models.CharField(max_length=200, null=True, help_text="Provider's id; null while unknown")  # noqa: DJ001
    reserved_usd = models.DecimalField(max_digits=14, decimal_places=6, help_text="Estimate before the call")
    cost_usd = models.DecimalField(
        max_digits=14, decimal_places=6, null=True, help_text="Cost once it is known; the estimate until then"
    )
    outcome = models.CharField(max_length=5, choices=Outcome.choices, default=Outcome.OPEN)

    LIVE = (Outcome.OPEN, Outcome.MADE)
    """Outcomes of calls whose job may still bring a clip."""

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "request_id"], name="submission_has_own_job"),
            models.UniqueConstraint(
                fields=["job"], condition=Q(outcome__in=["open", "made"]), name="submission_one_live"
            ),
        ]
        indexes = [
            models.Index(fields=["submitted_at"], name="submission_by_time"),
            models.Index(fields=["provider", "outcome"], name="submission_by_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.request_id or 'without id'} ({self.outcome})"


class JobEvent(models.Model):
    """One change of a job's state. Rows are only added: the database refuses to edit them."""

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    was = models.CharField(max_length=10)
    state = models.CharField(max_length=10)
    request_id = models.CharField(max_length=200, blank=True, help_text="Provider's id of its job")
    cost_usd = models.DecimalField(
        max_digits=14, decimal_places=6, null=True, help_text="Reserved before the call, or spent after it"
    )
    error_kind = models.CharField(max_length=32, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"job {self.job_id}: {self.was} to {self.state}"


class Clip(models.Model):
    """Original file as the generator made it, with its origin."""

    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="clip")
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    name = models.CharField(max_length=120)
    probe = models.JSONField()
    provenance = models.JSONField()
    remarks = models.JSONField(default=list, help_text="What it is other than asked for, as [kind, text]")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"clip {self.sha256[:12]}"


class Rendition(models.Model):
    """File that raters are shown of a clip: normalised and stripped, in one profile for all."""

    clip = models.OneToOneField(Clip, on_delete=models.CASCADE, related_name="rendition")
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    name = models.CharField(max_length=120)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    fps = models.FloatField()
    duration_s = models.FloatField()
    loudness_lufs = models.FloatField(
        null=True, help_text="Integrated, EBU R 128; null where no sound is judged"
    )
    motion = models.FloatField(
        null=True,
        help_text="Mean difference of luma between successive pictures, 0 to 255; null if unmeasured",
    )
    recipe = models.JSONField(help_text="Profile, gain and encoder that made it")
    variants = models.JSONField(
        default=list, help_text="Other encodings, shown to raters in its stead, as [sha256, size_bytes]"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(width__gt=0, height__gt=0, duration_s__gt=0, fps__gt=0),
                name="rendition_has_extent",
            )
        ]

    def __str__(self) -> str:
        return f"rendition {self.sha256[:12]}"


class BrokenFile(models.Model):
    """Rendition whose stored file is missing or differs from what was stored; no pair shows it meanwhile."""

    rendition = models.OneToOneField(
        Rendition, on_delete=models.CASCADE, primary_key=True, related_name="broken"
    )
    reason = models.CharField(max_length=200)
    found_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.rendition_id}: {self.reason}"
