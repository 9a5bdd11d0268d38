"""The page of the audit log."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from arena.organising.models import AuditEntry
from arena.organising.permissions import allowed

ENTRIES_ON_A_PAGE = 50


@require_safe
@allowed("see_audit_log")
def audit_log(request: HttpRequest) -> HttpResponse:
    """Show who did what and when, the newest first; a query narrows it to a person or an object."""
    chosen = {name: request.GET.get(name, "").strip() for name in ("actor", "subject")}
    entries = AuditEntry.objects.filter(
        **{f"{name}__icontains": value for name, value in chosen.items() if value}
    )
    page = Paginator(entries, ENTRIES_ON_A_PAGE).get_page(request.GET.get("page"))
    query = urlencode({name: value for name, value in chosen.items() if value})
    return render(request, "organising/audit_log.html", {"page": page, "chosen": chosen, "query": query})
