"""Pages of contenders: the list, the form of a new one, and the reveal."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from arena.catalog.commitments import CommitmentRefused, reveal, withdraw
from arena.catalog.contenders import add_contender
from arena.catalog.located import FileError
from arena.catalog.models import Contender
from arena.catalog.openings import ForgedOpening
from arena.errors import UnknownAddress
from arena.organising.audit import record
from arena.organising.contender_form import (
    Unreadable,
    describing_fields,
    problems_by_field,
    read_fields,
    setting_fields,
)
from arena.organising.permissions import allowed, may
from generators import registry

CONTENDERS_ON_A_PAGE = 50


@require_safe
@allowed("see_contenders")
def contenders(request: HttpRequest) -> HttpResponse:
    """List the contenders; only who may see identities learns those that are withheld."""
    rows = Contender.objects.select_related("commitment").order_by("slug")
    sees_all = may(request.user, "see_identities")
    if not sees_all:
        # By slug, a withheld contender's place in the list would say who it is.
        rows = rows.order_by("created_at", "pk")
    page = Paginator(rows, CONTENDERS_ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "organising/contenders.html", {"page": page, "sees_all": sees_all})


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("add_contender")
def add(request: HttpRequest) -> HttpResponse:
    """Choose a generator, then fill in the form of its settings; add what was sent."""
    generator = request.POST.get("generator") or request.GET.get("generator", "")
    if not generator:
        return render(request, "organising/contender_choose.html", {"generators": registry.names()})
    if generator not in registry.names():
        raise UnknownAddress(f"Unknown generator “{generator[:64]}”. Known: {', '.join(registry.names())}.")
    if request.method != "POST":
        return _form(request, generator, QueryDict())
    try:
        contender = _added(request, generator)
    except (FileError, Unreadable) as error:
        return _form(request, generator, request.POST, str(error))
    messages.success(request, f"Added {contender.slug}.")
    return redirect("organising:contenders")


@transaction.atomic
def _added(request: HttpRequest, generator: str) -> Contender:
    fields = read_fields(request.POST, registry.settings_schema(generator), generator)
    contender = add_contender(fields=fields, folder=settings.DATA_DIR)
    record(request.user, "added", contender, {"generator": generator, "codename": contender.codename})
    return contender


def _form(request: HttpRequest, generator: str, data: QueryDict, refusal: str = "") -> HttpResponse:
    named, others = problems_by_field(refusal)
    context = {
        "generator": generator,
        "about": describing_fields(data, named),
        "settings": setting_fields(registry.settings_schema(generator), data, named),
        "problem": "\n".join(others),
        "problem_title": "Nothing was added" if refusal else "",
        "is_refused": bool(refusal),
    }
    return render(request, "organising/contender_form.html", context, status=422 if refusal else 200)


@require_POST
@allowed("reveal_contender")
def change(request: HttpRequest, number: int) -> HttpResponse:
    """Reveal or withdraw an anonymous contender."""
    contender = get_object_or_404(Contender, pk=number)
    reveals = "reveal" in request.POST
    try:
        with transaction.atomic():
            commitment = (reveal if reveals else withdraw)(contender)
            done = "revealed" if reveals else "withdrew"
            record(request.user, done, contender, {"codename": commitment.codename})
    except (CommitmentRefused, ForgedOpening) as error:
        messages.error(request, str(error))
    else:
        told = (
            f"is {contender.name}: the opening of its commitment is public now."
            if reveals
            else "is withdrawn."
        )
        messages.success(request, f"{commitment.codename} {told}")
    return redirect("organising:contenders")
