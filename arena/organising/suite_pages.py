"""Pages of suites: the list, one version with its prompts, the differences of two, and the upload."""

from __future__ import annotations

import mimetypes
from collections import Counter

from django.core.files.storage import storages
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from arena.catalog.models import Prompt, Suite
from arena.catalog.suite_diff import compare_suites, describe_diff
from arena.catalog.suites import as_file
from arena.media.ranges import ranged_response
from arena.media.storage import open_stored
from arena.organising.permissions import allowed, may, require, seen_by

SUITES_ON_A_PAGE = 25
PROMPTS_ON_A_PAGE = 50


@require_safe
@allowed("see_suites")
def suites(request: HttpRequest) -> HttpResponse:
    """List the suites, each with its newest version."""
    versions = seen_by(request.user, "see_suites", Suite.objects.annotate(number_of_prompts=Count("prompts")))
    newest = {suite.name: suite for suite in versions.order_by("name", "version")}
    page = Paginator(list(newest.values()), SUITES_ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "organising/suites.html", {"page": page})


@require_safe
@allowed("see_suites")
def suite(request: HttpRequest, name: str) -> HttpResponse:
    """Show a version of a suite, the newest by default, with its prompts, tags and images."""
    versions = _versions(request, name)
    shown = _version(versions, request.GET.get("version"))
    tag = request.GET.get("tag", "")
    every = list(shown.prompts.all())
    prompts = [prompt for prompt in every if not tag or tag in prompt.tags]
    context = {
        "suite": shown,
        "versions": versions,
        "previous": next((one for one in versions if one.version < shown.version), None),
        "tags": Counter(each for prompt in every for each in prompt.tags).most_common(),
        "tag": tag,
        "page": Paginator(prompts, PROMPTS_ON_A_PAGE).get_page(request.GET.get("page")),
        "query": urlencode({"version": str(shown.version), "tag": tag}),
        "may_change": may(request.user, "change_suite", shown),
    }
    return render(request, "organising/suite.html", context)


@require_safe
@allowed("see_suites")
def suite_diff(request: HttpRequest, name: str) -> HttpResponse:
    """Show what differs between two versions of a suite, as `manage.py diff_suite` prints it."""
    versions = _versions(request, name)
    before, after = (_version(versions, request.GET.get(side)) for side in ("before", "after"))
    lines = [(line, _kind(line)) for line in describe_diff(compare_suites(as_file(before), as_file(after)))]
    context = {
        "versions": versions,
        "before": before,
        "after": after,
        "lines": lines[:-1],
        "summary": lines[-1][0],
    }
    return render(request, "organising/suite_diff.html", context)


@require_safe
@allowed("see_suites")
def reference_image(request: HttpRequest, number: int) -> HttpResponseBase:
    """Serve the reference image of a prompt."""
    prompt = Prompt.objects.select_related("suite").filter(pk=number).exclude(reference_name="").first()
    if prompt is None:
        raise Http404
    require(request.user, "see_suites", prompt.suite)
    storage, name = storages["references"], prompt.reference_name
    try:
        file, size_bytes = open_stored(name, storage), storage.size(name)
    except OSError as error:
        raise Http404("The stored file is missing.") from error
    return ranged_response(
        file, size_bytes, None, mimetypes.guess_type(name)[0] or "application/octet-stream"
    )


def _versions(request: HttpRequest, name: str) -> list[Suite]:
    """Return the versions of a suite, the newest first, or refuse a suite of others."""
    versions: QuerySet[Suite] = Suite.objects.filter(name=name).order_by("-version")
    found: list[Suite] = list(versions.annotate(number_of_prompts=Count("prompts")))
    if not found:
        raise Http404
    require(request.user, "see_suites", found[0])
    return found


def _version(versions: list[Suite], number: str | None) -> Suite:
    if not number:
        return versions[0]
    for version in versions:
        if str(version.version) == number:
            return version
    raise Http404


def _kind(line: str) -> str:
    """Return the kind of a line of a difference: added, removed, changed or detail."""
    return {"+": "added", "-": "removed", "~": "changed"}.get(line.strip()[:1], "detail")
