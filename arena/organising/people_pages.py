"""The page of people who can sign in: invite, change a role, make a link, remove."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST

from arena.organising.models import Member, Role
from arena.organising.people import InvalidPerson, add_person, make_link, remove_person
from arena.organising.permissions import allowed, require


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("see_people")
def people(request: HttpRequest) -> HttpResponse:
    """List who can sign in; invite a person, and show their link once."""
    if request.method != "POST":
        return _people_page(request)
    require(request.user, "change_people")
    try:
        user = add_person(email=request.POST.get("email", ""), role=_role(request), by=_actor(request))
    except InvalidPerson as error:
        return _people_page(request, problem=str(error))
    return _people_page(request, linked=user)


@require_POST
@allowed("change_people")
def change_person(request: HttpRequest, number: int) -> HttpResponse:
    """Give a person another role or a new link, or remove them."""
    user = get_object_or_404(User, pk=number, member__isnull=False, is_active=True)
    try:
        if "link" in request.POST:
            return _people_page(request, linked=user)
        if "remove" in request.POST:
            remove_person(user=user, by=_actor(request))
        else:
            add_person(email=user.email, role=_role(request), by=_actor(request))
    except InvalidPerson as error:
        return _people_page(request, problem=str(error))
    return _people_page(request, changed=user)


def _actor(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the decorator lets nobody else in
    return request.user


def _role(request: HttpRequest) -> Role:
    given = request.POST.get("role", "")
    if given not in Role.values:
        raise InvalidPerson(f"role must be one of {', '.join(Role.values)}; got '{given[:40]}'. Choose one.")
    return Role(given)


def _people_page(
    request: HttpRequest, *, problem: str = "", linked: User | None = None, changed: User | None = None
) -> HttpResponse:
    """Answer the page, with the reason of a refusal, or with a link that is shown this once."""
    members = Member.objects.select_related("user").filter(user__is_active=True)
    context = {
        "members": members,
        "roles": Role.choices,
        "problem": problem,
        "linked": linked,
        "changed": changed,
        "link": request.build_absolute_uri(make_link(linked)) if linked else "",
    }
    return render(request, "organising/people.html", context, status=422 if problem else 200)
