"""Faces of the providers."""

from __future__ import annotations

from tests.providers.face import Face
from tests.providers.faces.fal import FalFace
from tests.providers.faces.kling import KlingFace
from tests.providers.faces.model_studio import ModelStudioFace
from tests.providers.faces.modelark import ModelArkFace

FACES: tuple[type[Face], ...] = (FalFace, ModelStudioFace, ModelArkFace, KlingFace)
