"""Rows of pools and plans."""

from __future__ import annotations

from django.db import models

from arena.catalog.models import Prompt
from arena.catalog.tracks import TRACK_CHOICES
from arena.voting.models import Study
from arena.voting.pairing.units import Unit


class Pool(models.Model):
    """The units of a study with two clips or more, as of one state of its clips."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="pools")
    rules = models.CharField(max_length=64, help_text="Hash of the rules that decide which clips are shown")
    last_rendition = models.PositiveBigIntegerField(help_text="Newest rendition that it knows of")
    contenders = models.JSONField(help_text="Ids of those that have clips in it")
    units = models.PositiveIntegerField()
    clips = models.PositiveIntegerField()
    most_votes = models.PositiveIntegerField(help_text="Votes that one rater can give")
    duration_s = models.FloatField(help_text="Mean length of its clips")
    complete = models.BooleanField(default=False, help_text="Whether all units are written")
    built_at = models.DateTimeField()

    class Meta:
        app_label = "voting"
        indexes = [models.Index(fields=["study", "complete", "id"], name="newest_pool")]

    def __str__(self) -> str:
        return f"pool {self.pk} of study {self.study_id}: {self.units} units, {self.clips} clips"


class PoolUnit(models.Model):
    """One unit of a pool."""

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="members")
    number = models.PositiveIntegerField(help_text="From 0 on, within the pool")
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="+")
    seed = models.BigIntegerField()
    settings_hash = models.CharField(max_length=64)
    track = models.CharField(max_length=9, choices=TRACK_CHOICES)
    clips = models.PositiveIntegerField(help_text="Number of its clips")
    members = models.JSONField(help_text="Its clips as [contender, rendition], by contender")

    class Meta:
        app_label = "voting"
        constraints = [models.UniqueConstraint(fields=["pool", "number"], name="pool_unit_once")]
        indexes = [models.Index(fields=["pool", "prompt"], name="pool_units_by_prompt")]

    def __str__(self) -> str:
        return f"unit {self.number} of pool {self.pool_id}: {self.clips} clips"

    @property
    def unit(self) -> Unit:
        """What its clips share."""
        return Unit(self.prompt_id, self.seed, self.settings_hash, self.track)


class PairingPlan(models.Model):
    """Weights of the pairs of a study's contenders, and of the units of one pool."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="plans")
    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="plans")
    pairing = models.CharField(max_length=400, help_text="Rule of the study that it follows")
    votes = models.PositiveBigIntegerField(help_text="Votes that it was made from")
    contenders = models.JSONField(help_text="Their ids, in the order of the weights")
    weights = models.JSONField(
        help_text="Weight of each two contenders, a symmetric table with zero diagonal"
    )
    reach = models.JSONField(help_text="Summed weight of the pool's units up to each one")
    efficiency = models.FloatField(help_text="Share of what the best plan would achieve, at least")
    made_at = models.DateTimeField()

    class Meta:
        app_label = "voting"
        indexes = [models.Index(fields=["pool", "id"], name="newest_plan")]

    def __str__(self) -> str:
        return f"plan {self.pk} of study {self.study_id}: {self.pairing} from {self.votes} votes"
