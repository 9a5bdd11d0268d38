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
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        RETIRED = "retired"
        """State of a job whose file was replaced after its clip was made; another job has the new file."""

    contender = models.ForeignKey(Contender, on_delete=models.PROTECT, related_name="jobs")
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="jobs")
    seed = models.BigIntegerField()
    track = models.CharField(max_length=9, choices=TRACK_CHOICES)
    settings = models.JSONField(help_text="Track, duration, geometry and frame rate asked for")
    settings_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=7, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    claimed_by = models.CharField(max_length=32, blank=True)
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    pending_files = models.JSONField(default=list, help_text="Files about to be stored, as [storage, name]")
    error_kind = models.CharField(max_length=32, blank=True)
    error_message = models.TextField(blank=True)

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
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"run {self.pk} of {self.suite}"


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
    recipe = models.JSONField(help_text="Profile, gain and encoder that made it")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(width__gt=0, height__gt=0, duration_s__gt=0, fps__gt=0),
                name="rendition_has_extent",
            )
        ]

    def __str__(self) -> str:
        return f"rendition {self.sha256[:12]}"
