"""Tracks: input mode × whether sound is judged."""

from __future__ import annotations

from django.db import models


class Track(models.TextChoices):
    T2V = "t2v", "text to video"
    I2V = "i2v", "image to video"
    T2V_AUDIO = "t2v-audio", "text to video with sound"
    I2V_AUDIO = "i2v-audio", "image to video with sound"

    @property
    def with_sound(self) -> bool:
        return self in (Track.T2V_AUDIO, Track.I2V_AUDIO)

    @property
    def from_image(self) -> bool:
        return self in (Track.I2V, Track.I2V_AUDIO)
