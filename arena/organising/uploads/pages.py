"""Pages of uploads: start one, send files, match them to prompts, take them in."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from arena.catalog.located import FileError
from arena.catalog.lookup import UnknownName, find_suite, find_track
from arena.catalog.models import Suite
from arena.catalog.prompt_lists import ListedPrompt, read_prompt_list
from arena.errors import TOO_LARGE, answer_problem
from arena.organising.audit import record
from arena.organising.models import Role
from arena.organising.permissions import allowed, role_of, seen_by
from arena.organising.uploads.matching import (
    LARGEST_MANIFEST_BYTES,
    InvalidMatch,
    ManifestRow,
    change_matches,
    read_manifest,
    standing_of,
)
from arena.organising.uploads.models import Upload
from arena.organising.uploads.receiving import (
    CantReceive,
    LimitedFiles,
    Received,
    receive_files,
    require_space,
)
from arena.organising.uploads.starting import InvalidUpload, start_upload
from arena.organising.uploads.taking_in import take_in
from arena.runs.background import start_in_background
from arena.runs.options import read_geometry
from generators.base import Track

LIST_SUFFIXES = (".csv", ".tsv", ".txt", ".yaml", ".yml", ".jsonl")
TRACKS = ("", *(track for track in Track if not track.from_image))


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("upload_clips")
def uploads(request: HttpRequest) -> HttpResponse:
    """List the person's uploads, and start one."""
    problem = ""
    if request.method == "POST":
        try:
            upload = _start(request)
        except (FileError, UnknownName, ValueError) as error:
            problem = str(error)
        else:
            return redirect("organising:upload", upload.slug)
    context = {
        "problem": problem,
        "given": request.POST,
        "uploads": _visible(request).select_related("run")[:50],
        "suites": [
            (f"{suite.name}@{suite.version}", suite)
            for suite in seen_by(request.user, "see_suites", Suite.objects.all())
        ],
    }
    return render(request, "organising/uploads.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("upload_clips")
def upload(request: HttpRequest, slug: str) -> HttpResponse:
    """Show an upload with its clips; the form stores which prompt each clip answers."""
    found = get_object_or_404(_visible(request), slug=slug)
    if request.method != "POST":
        return _upload_page(request, found)
    try:
        change_matches(found, _matches(request))
    except InvalidMatch as error:
        return _upload_page(request, found, problem=str(error))
    messages.success(request, "Saved.")
    return redirect("organising:upload", slug)


@csrf_exempt  # the token is in the body, which is read with our own handler: see `_receive`
@require_POST
@allowed("upload_clips")
def send_files(request: HttpRequest, slug: str) -> HttpResponse:
    """Receive files of clips, and say of each that was refused why."""
    found = get_object_or_404(_visible(request), slug=slug)
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.UPLOAD_MAX_BYTES:
        return answer_problem(request, TOO_LARGE)
    handler = LimitedFiles()
    request.upload_handlers = [handler]
    return _receive(request, found, handler)


@require_POST
@allowed("upload_clips")
def take_clips_in(request: HttpRequest, slug: str) -> HttpResponse:
    """Plan the run of an upload's clips, start it, and lead to its page."""
    found = get_object_or_404(_visible(request), slug=slug)
    try:
        run = take_in(
            upload=found,
            by=_actor(request),
            track=find_track(request.POST["track"]) if request.POST.get("track") else None,
            asked=read_geometry(_geometry(request)),
            allow_short="allow_short" in request.POST,
        )
    except (UnknownName, ValueError) as error:
        return _upload_page(request, found, problem=str(error))
    start_in_background(run)
    return redirect("organising:run", run.pk)


@csrf_protect
def _receive(request: HttpRequest, found: Upload, handler: LimitedFiles) -> HttpResponse:
    try:
        require_space(int(request.META.get("CONTENT_LENGTH") or 0))
        files = [file for file in request.FILES.getlist("files") if isinstance(file, TemporaryUploadedFile)]
        if not files and not handler.refused:
            raise CantReceive("files must be one clip or more; got none. Choose the files of one model.")
        received = receive_files(
            upload=found,
            contender=request.POST.get("contender", ""),
            files=files,
            manifest=_manifest(request),
        )
    except (CantReceive, InvalidMatch) as error:
        return _upload_page(request, found, problem=str(error))
    record(_actor(request), "uploaded clips to", None, {"upload": found.slug, "clips": len(received.kept)})
    return _upload_page(
        request, found, received=Received(received.kept, [*handler.refused, *received.refused])
    )


def _visible(request: HttpRequest) -> Any:  # noqa: ANN401 - a query of uploads
    everything = Upload.objects.all()
    return everything if role_of(request.user) == Role.ORGANISER else everything.filter(owner=_actor(request))


def _actor(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the decorator lets nobody else in
    return request.user


def _start(request: HttpRequest) -> Upload:
    source = request.POST.get("source", "names")
    suite = None
    if source == "suite":
        name = request.POST.get("suite", "")
        suite = find_suite(name)
        if not seen_by(request.user, "see_suites", Suite.objects.filter(pk=suite.pk)).exists():
            raise InvalidUpload(f"suite must be one of yours; got '{name[:60]}'. Choose another.")
    listed = _prompt_list(request.FILES.get("prompts")) if source == "list" else []
    return start_upload(title=request.POST.get("title", ""), by=_actor(request), suite=suite, listed=listed)


def _prompt_list(file: UploadedFile[Any] | None) -> list[ListedPrompt]:
    if file is None:
        raise InvalidUpload("prompts must be a file with ids and texts; got none. Choose one.")
    suffix = Path(str(file.name)).suffix.lower()
    if suffix not in LIST_SUFFIXES:
        raise InvalidUpload(f"prompts must be a file of {', '.join(LIST_SUFFIXES)}; got '{file.name}'.")
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"prompts{suffix}"
        path.write_bytes(file.read())
        return read_prompt_list(path)


def _manifest(request: HttpRequest) -> dict[str, ManifestRow]:
    file = request.FILES.get("manifest")
    return {} if file is None else read_manifest(file.read(LARGEST_MANIFEST_BYTES + 1))


def _matches(request: HttpRequest) -> dict[int, tuple[str, str, bool]]:
    """Return what the table's form says of each clip that it shows."""
    keys = [int(key) for key in request.POST.getlist("clip") if key.isascii() and key.isdecimal()]
    return {
        key: (
            request.POST.get(f"prompt-{key}", ""),
            request.POST.get(f"seed-{key}", "0"),
            f"out-{key}" in request.POST,
        )
        for key in keys
    }


def _geometry(request: HttpRequest) -> dict[str, Any]:
    return {
        "size": request.POST.get("size") or None,
        "duration": _number(request, "duration"),
        "fps": _number(request, "fps"),
        "native": "native" in request.POST,
    }


def _number(request: HttpRequest, name: str) -> float | None:
    text = request.POST.get(name, "")
    try:
        return float(text) if text else None
    except ValueError:
        raise InvalidUpload(f"{name} must be a number; got '{text[:40]}'. Give one such as 5.") from None


def _upload_page(
    request: HttpRequest, found: Upload, *, problem: str = "", received: Received | None = None
) -> HttpResponse:
    context = {
        "upload": found,
        "clips": found.clips.all(),
        "standing": standing_of(found),
        "prompts": found.texts,
        "problem": problem,
        "received": received,
        "given": request.POST,
        "tracks": TRACKS,
    }
    return render(request, "organising/upload.html", context, status=422 if problem else 200)
