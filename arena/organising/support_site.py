"""The site of Django's admin, which asks our table of permissions who may enter."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from arena.organising.permissions import may, role_of


class SupportSite(AdminSite):
    """Support admin: no sign-in page of its own, and for organisers only."""

    site_header = "Paddock support"
    site_title = "Paddock support"
    index_title = "Rows of the database"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether the person may use the admin."""
        return may(request.user, "use_admin")

    def login(self, request: HttpRequest, extra_context: object = None) -> HttpResponseRedirect:
        """Send a stranger to the sign-in page; refuse everybody else.

        Raises:
            PermissionDenied: the person is signed in, but is no organiser.
        """
        if role_of(request.user) is not None:
            raise PermissionDenied
        return redirect_to_login(
            request.GET.get("next", reverse("admin:index")), reverse("organising:sign_in")
        )
