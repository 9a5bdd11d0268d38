"""Django's admin as an app of this site: for support work, by organisers only."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class SupportConfig(AdminConfig):
    """Django's admin with our site in place of its own."""

    default_site = "arena.organising.support_site.SupportSite"
