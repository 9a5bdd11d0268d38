"""Static files under the path at which the request came in, which a proxy may have moved."""

from __future__ import annotations

from django.contrib.staticfiles.storage import StaticFilesStorage
from django.urls import get_script_prefix
from whitenoise.storage import CompressedManifestStaticFilesStorage

STATIC_FOLDER = "static/"


class Plain(StaticFilesStorage):
    """Files where they lie, for development."""

    @property
    def base_url(self) -> str:
        return get_script_prefix() + STATIC_FOLDER


class Hashed(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Collected files under names that change with their content, for production."""

    @property
    def base_url(self) -> str:
        return get_script_prefix() + STATIC_FOLDER
