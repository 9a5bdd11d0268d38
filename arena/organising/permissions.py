"""The rule of each action, and the one decorator that asks it before a view runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import CharField, Model, QuerySet
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from arena.catalog.models import Suite
from arena.errors import wants_document
from arena.languages import in_english
from arena.organising.models import Member, Ownership, Role
from arena.runs.models import Run
from arena.voting.models import Study

P = ParamSpec("P")
Row = TypeVar("Row", bound=Model)
Person = User | AnonymousUser

O, M, V = Role.ORGANISER, Role.MEMBER, Role.VIEWER  # noqa: E741 - the table below is read by its columns


@dataclass(frozen=True)
class Rule:
    """Who may do something, in the words of the table of permissions."""

    meaning: str
    """What the action is, for the documentation."""
    anywhere: frozenset[Role]
    """Roles that may do it to everything."""
    own: frozenset[Role] = frozenset()
    """Roles that may do it to what they own."""


def _rule(meaning: str, *anywhere: Role, own: tuple[Role, ...] = ()) -> Rule:
    return Rule(meaning, frozenset(anywhere), frozenset(own))


RULES = {
    "see_dashboard": _rule("open the dashboard", O, M, V),
    "see_boards": _rule("see boards of studies that are not public", O, V, own=(M,)),
    "see_suites": _rule("see suites with their prompts, versions and differences", O, own=(M,)),
    "add_suite": _rule("upload a suite", O, M),
    "change_suite": _rule("upload a new version of a suite", O, own=(M,)),
    "see_contenders": _rule("see contenders; codenames in place of withheld names", O, M),
    "see_identities": _rule("see who a withheld contender is, and every contender's settings", O),
    "add_contender": _rule("add contenders, with or without a codename", O),
    "reveal_contender": _rule("reveal or withdraw contenders", O),
    "upload_clips": _rule("upload clips", O, M),
    "see_runs": _rule("see runs", O, own=(M,)),
    "plan_run": _rule("plan and start runs, which may spend money", O),
    "change_run": _rule("pause, resume and cancel runs, and retry failed jobs", O),
    "see_studies": _rule("see studies with their votes, raters and exclusions", O, own=(M,)),
    "create_study": _rule("create studies", O, M),
    "change_study": _rule("open, pause, close and reopen studies, change their texts and rules", O, own=(M,)),
    "invite_raters": _rule("make invitations and panels", O, own=(M,)),
    "see_people": _rule("see who can sign in", O),
    "change_people": _rule("invite people and change their roles", O),
    "see_audit_log": _rule("read the audit log", O),
    "manage_webhooks": _rule("add, try out, turn off and remove webhooks", O),
    "use_admin": _rule("use the support admin", O),
}
"""Rule of each action. Nothing else in this room decides who may do what."""


def role_of(user: AbstractBaseUser | AnonymousUser) -> Role | None:
    """Return a person's role; None for a stranger, and for somebody who was put out."""
    if not user.is_authenticated or not user.is_active:
        return None
    if getattr(user, "is_superuser", False):
        return Role.ORGANISER
    member: Member | None = getattr(user, "member", None)
    return Role(member.role) if member else None


def may(
    user: AbstractBaseUser | AnonymousUser, action: str, thing: Suite | Run | Study | None = None
) -> bool:
    """Return whether a person may do something; without a thing, whether to anything at all."""
    rule, role = RULES[action], role_of(user)
    if role is None:
        return False
    if role in rule.anywhere:
        return True
    return role in rule.own and (thing is None or owner_of(thing) == user.pk)


def require(
    user: AbstractBaseUser | AnonymousUser, action: str, thing: Suite | Run | Study | None = None
) -> None:
    """Raise PermissionDenied unless a person may do something."""
    if not may(user, action, thing):
        raise PermissionDenied(f"{action} is not allowed")


def allowed(
    action: str,
) -> Callable[
    [Callable[Concatenate[HttpRequest, P], HttpResponseBase]],
    Callable[Concatenate[HttpRequest, P], HttpResponseBase],
]:
    """Decorate a view: ask a stranger to sign in, and refuse whoever may not do the action at all.

    A view of one suite, run or study calls `require` with it as well. Answers are never cached.
    """

    def decorate(
        view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if role_of(request.user) is None and not wants_document(request):
                response: HttpResponseBase = redirect_to_login(
                    request.get_full_path() if request.method in ("GET", "HEAD") else "",
                    reverse("organising:sign_in"),
                )
            else:
                require(request.user, action)
                response = view(request, *args, **kwargs)
            add_never_cache_headers(response)
            return response

        answer.action = action  # type: ignore[attr-defined]  # the test of the table reads it
        return in_english(answer)  # type: ignore[arg-type]

    return decorate


# Owners.


def own(user: User, thing: Suite | Run | Study) -> None:
    """Make a person the owner of what they add, unless it has one."""
    kind, key = _named(thing)
    Ownership.objects.get_or_create(kind=kind, key=key, defaults={"owner": user})


def owner_of(thing: Suite | Run | Study) -> int | None:
    """Return the primary key of the owner, or None for what was added by a command."""
    kind, key = _named(thing)
    return Ownership.objects.filter(kind=kind, key=key).values_list("owner_id", flat=True).first()


def seen_by(user: AbstractBaseUser | AnonymousUser, action: str, rows: QuerySet[Row]) -> QuerySet[Row]:
    """Return the suites, runs or studies of a query to which a person may do something."""
    rule, role = RULES[action], role_of(user)
    if role is not None and role in rule.anywhere:
        return rows
    if role is None or role not in rule.own:
        return rows.none()
    kind, field = KINDS[rows.model]
    keys = Ownership.objects.filter(kind=kind, owner_id=user.pk).values("key")
    named = rows.alias(ownership_key=Cast(field, CharField()))
    return cast("QuerySet[Row]", named.filter(ownership_key__in=keys))


KINDS: dict[type[Model], tuple[Ownership.Kind, str]] = {
    Suite: (Ownership.Kind.SUITE, "name"),
    Run: (Ownership.Kind.RUN, "pk"),
    Study: (Ownership.Kind.STUDY, "pk"),
}
"""Kind of ownership of each model, and the field by which it is known: all versions of a suite are one."""


def _named(thing: Suite | Run | Study) -> tuple[Ownership.Kind, str]:
    kind, field = KINDS[type(thing)]
    return kind, str(getattr(thing, field))


class RoleBackend(BaseBackend):
    """Django's permissions from roles: `organising.see_boards` is an action; all others are organisers'."""

    def get_user(self, user_id: Any) -> User | None:  # noqa: ANN401 - as Django's
        """Return the person of a session."""
        return User.objects.select_related("member").filter(pk=user_id, is_active=True).first()

    def has_perm(self, user_obj: Person, perm: str, obj: Any = None) -> bool:  # noqa: ANN401 - as Django's
        """Return whether a person's role gives a permission."""
        room, _, action = perm.partition(".")
        if room == "organising" and action in RULES:
            return may(user_obj, action, obj)
        return role_of(user_obj) == Role.ORGANISER

    def has_module_perms(self, user_obj: Person, app_label: str) -> bool:
        """Return whether a person sees an app in the support admin."""
        return role_of(user_obj) == Role.ORGANISER
