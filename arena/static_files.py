"""Addresses of static files, which start with the path prefix of the request."""

from __future__ import annotations

from django.contrib.staticfiles.storage import StaticFilesStorage
from django.urls import get_script_prefix
from whitenoise.storage import CompressedManifestStaticFilesStorage

STATIC_FOLDER = "static/"


class Plain(StaticFilesStorage):
    """Uncollected static files, for development."""

    @property
    def base_url(self) -> str:
        """Address of the folder, under a proxy's path prefix if there is one."""
        return get_script_prefix() + STATIC_FOLDER


class Hashed(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Collected static files, named by a hash of their content, for production."""

    @property
    def base_url(self) -> str:
        """Address of the folder, under a proxy's path prefix if there is one."""
        return get_script_prefix() + STATIC_FOLDER
