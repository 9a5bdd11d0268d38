"""Faces of the providers."""

from __future__ import annotations

from tests.providers.face import Face
from tests.providers.faces.fal import FalFace
from tests.providers.faces.gemini import GeminiFace
from tests.providers.faces.kling import KlingFace
from tests.providers.faces.minimax import MiniMaxFace
from tests.providers.faces.model_studio import ModelStudioFace
from tests.providers.faces.modelark import ModelArkFace
from tests.providers.faces.replicate import ReplicateFace
from tests.providers.faces.runway import RunwayFace
from tests.providers.faces.xai import XaiFace

FACES: tuple[type[Face], ...] = (
    FalFace,
    GeminiFace,
    KlingFace,
    MiniMaxFace,
    ModelArkFace,
    ModelStudioFace,
    ReplicateFace,
    RunwayFace,
    XaiFace,
)
