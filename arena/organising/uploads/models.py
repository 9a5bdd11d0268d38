"""Uploads: clips that people sent and that are being matched to prompts."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import models

from arena.catalog.models import Suite
from arena.runs.models import Run
from generators.clip_names import LONGEST_ID

FOLDER = "uploads"


class Upload(models.Model):
    """Clips of some contenders for the prompts of a suite, of a list, or of the files' own names."""

    slug = models.SlugField(max_length=64, unique=True)
    title = models.CharField(max_length=120)
    suite = models.ForeignKey(
        Suite, null=True, on_delete=models.PROTECT, related_name="+", help_text="Null for prompts of its own"
    )
    prompts = models.JSONField(default=list, help_text="Own prompts as [key, text]")
    is_listed = models.BooleanField(
        default=False, help_text="Whether a list gave its own prompts, rather than the files' names"
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="uploads")
    run = models.ForeignKey(
        Run, null=True, on_delete=models.SET_NULL, related_name="+", help_text="Run that took the clips in"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "organising"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.slug

    @property
    def folder(self) -> Path:
        """Folder of its files and its manifest, which workers read."""
        return Path(settings.DATA_DIR) / FOLDER / str(self.pk)

    @property
    def manifest(self) -> Path:
        """Table of its clips, as the generator `folder` reads it."""
        return self.folder / "manifest.csv"

    @property
    def texts(self) -> dict[str, str]:
        """Text of each prompt by its key, in order."""
        if self.suite is not None:
            return dict(self.suite.prompts.values_list("key", "text"))
        return {str(key): str(text) for key, text in self.prompts}


class UploadedClip(models.Model):
    """One file that was sent, looked at and kept."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="clips")
    contender = models.SlugField(max_length=64)
    contender_name = models.CharField(max_length=120)
    file_name = models.CharField(max_length=255, help_text="As the sender called it")
    stored_name = models.CharField(max_length=80, help_text="Within the upload's folder")
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    facts = models.JSONField(help_text="As `arena.media.inspecting` gives them")
    prompt_key = models.CharField(max_length=LONGEST_ID, blank=True, help_text="Empty until it is matched")
    seed = models.BigIntegerField(default=0)
    is_left_out = models.BooleanField(default=False)

    class Meta:
        app_label = "organising"
        ordering = ["contender", "prompt_key", "seed", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["upload", "contender", "sha256"], name="uploaded_clip_once")
        ]

    def __str__(self) -> str:
        return f"{self.file_name} of {self.contender}"
