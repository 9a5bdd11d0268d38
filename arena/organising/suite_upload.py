"""The page that uploads a suite, and shows each problem at its line."""

from __future__ import annotations

import re
from typing import NamedTuple

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from arena.catalog.located import FileError
from arena.catalog.models import Suite
from arena.catalog.reading import LARGEST_BYTES
from arena.catalog.suite_file import LARGEST_IMAGE_BYTES, read_suite_file
from arena.catalog.suites import load_suite
from arena.catalog.uploads import laid_out
from arena.organising.audit import record
from arena.organising.permissions import own, require
from arena.organising.receiving import takes_files

MOST_IMAGES = 500
MOST_BYTES = 256 * 2**20
MOST_PROBLEMS = 100
LOCATED = re.compile(r"[^:\n]+?:(\d+): (.*)", re.DOTALL)


class Trouble(NamedTuple):
    """Problem of a file, with the number and text of its line where it has one."""

    line: int | None
    says: str
    text: str


@require_http_methods(["GET", "HEAD", "POST"])
@takes_files("add_suite", most_files=MOST_IMAGES + 1, most_bytes=MOST_BYTES)
def upload_suite(request: HttpRequest) -> HttpResponse:
    """Show the form; check an uploaded suite as a whole, and store it as a suite or its next version."""
    if request.method != "POST":
        return _form(request)
    file = request.FILES.get("suite")
    if not isinstance(file, TemporaryUploadedFile) or not file.name:
        return _form(request, [Trouble(None, "suite must be a file; got none. Choose one.", "")])
    try:
        found, created = _stored(request, file)
    except FileError as error:
        return _form(request, _troubles(str(error), file))
    verb = "Uploaded" if created else "Nothing changed: this is already"
    messages.success(request, f"{verb} {found.name}, version {found.version}.")
    return redirect("organising:suite", found.name)


@transaction.atomic
def _stored(request: HttpRequest, file: TemporaryUploadedFile) -> tuple[Suite, bool]:
    """Store a suite for the person. Raise FileError, or PermissionDenied for the name of another's suite."""
    assert isinstance(request.user, User)  # noqa: S101 - the decorator lets nobody else in
    images = [(str(image.name), image) for image in request.FILES.getlist("images") if image.size]
    with laid_out(str(file.name), file, images) as path:
        earlier = Suite.objects.filter(name=read_suite_file(path).name).first()
        if earlier is not None:
            require(request.user, "change_suite", earlier)
        suite, created = load_suite(path=path)
    if created and earlier is None:
        own(request.user, suite)
    if created:
        record(request.user, "uploaded", suite, {"file": str(file.name), "prompts": suite.prompts.count()})
    return suite, created


def _troubles(message: str, file: TemporaryUploadedFile) -> list[Trouble]:
    """Split the message of a FileError into its problems, with the lines of the file that they name."""
    file.seek(0)
    lines = file.read(LARGEST_BYTES).decode("utf-8", "replace").split("\n")
    troubles = []
    for problem in message.splitlines():
        found = LOCATED.fullmatch(problem)
        line = int(found[1]) if found else None
        text = lines[line - 1].strip()[:200] if line and line <= len(lines) else ""
        troubles.append(Trouble(line, found[2] if found else problem, text))
    return troubles


def _form(request: HttpRequest, troubles: list[Trouble] | None = None) -> HttpResponse:
    found = troubles or []
    context = {
        "troubles": found[:MOST_PROBLEMS],
        "further": max(0, len(found) - MOST_PROBLEMS),
        "largest_mib": LARGEST_BYTES // 2**20,
        "image_mib": LARGEST_IMAGE_BYTES // 2**20,
        "most_images": MOST_IMAGES,
        "most_mib": MOST_BYTES // 2**20,
    }
    return render(request, "organising/suite_upload.html", context, status=422 if found else 200)
