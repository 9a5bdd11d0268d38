"""Pages by which people sign in and out."""

from __future__ import annotations

import logging
from datetime import timedelta

from allauth.socialaccount.adapter import get_adapter
from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from arena.errors import Problem, answer_problem
from arena.languages import in_english
from arena.organising.oauth import form_targets
from arena.organising.people import MAIL_LIFE, find_link, links_since, make_link, use_link
from arena.organising.permissions import role_of

logger = logging.getLogger(__name__)

MOST_MAILS = 5
"""Links that one person is mailed in an hour."""
MAIL = """Open this link to sign in to Paddock. It works once, for the next {minutes} minutes:

{link}

If you didn't ask for it, ignore this message.
"""
NOT_MAILED = Problem(
    503,
    "The link can’t be mailed now",
    "The mail server doesn’t answer. Try again in a few minutes, or ask an organiser for a link.",
)


@csp_update({"form-action": form_targets()})
@in_english
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for an e-mail address and mail a link to it, or lead on to an OAuth provider."""
    onward = _onward(request)
    if role_of(request.user) is not None:
        return redirect(onward)
    is_sent = request.method == "POST" and bool(settings.EMAIL_HOST)
    if is_sent:
        try:
            _mail_link(request, request.POST.get("email", ""), onward)
        except OSError:  # those of smtplib among them
            logger.exception("a sign-in link can't be mailed")
            return answer_problem(request, NOT_MAILED)
    context = {
        "providers": get_adapter().list_providers(request) if settings.OAUTH_PROVIDERS else [],
        "mails": bool(settings.EMAIL_HOST),
        "is_sent": is_sent,
        "next": onward,
    }
    return render(request, "organising/sign_in.html", context)


def _mail_link(request: HttpRequest, email: str, onward: str) -> None:
    """Mail a link to a known person. The page says the same to everybody, and tells nobody who is known.

    Raises:
        OSError: the mail server can't be reached, or refuses. Only then does the page tell strangers apart.
    """
    user = User.objects.filter(username=email.strip().lower(), is_active=True, member__isnull=False).first()
    if user is None or links_since(user, timezone.now() - timedelta(hours=1)) >= MOST_MAILS:
        return
    path = f"{make_link(user, life=MAIL_LIFE)}?{urlencode({'next': onward})}"
    text = MAIL.format(link=request.build_absolute_uri(path), minutes=int(MAIL_LIFE.total_seconds() // 60))
    send_mail("Sign in to Paddock", text, None, [user.email])


@in_english
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def use_sign_in_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show whom a link signs in, and sign them in when they confirm: mail scanners open links, too."""
    link = find_link(token)
    user = use_link(token) if request.method == "POST" else None
    if user is not None:
        login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
        return redirect(_onward(request))
    if link is None:
        return render(request, "organising/link_over.html", status=410)
    return render(request, "organising/use_link.html", {"person": link.user, "next": _onward(request)})


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("home")


def _onward(request: HttpRequest) -> str:
    """Return the address to go to after signing in: the one asked for if it is this site's."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse("organising:dashboard")
