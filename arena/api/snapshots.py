"""Snapshots: their signed manifests for everybody, their files as the study's rules allow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from arena.api import schemas
from arena.api.finding import find_study, studies, told_studies, unknown
from arena.api.pages import Page, PageQuery, page_of
from arena.api.problems import Unknown
from arena.api.studies import require_votes
from arena.standings.models import Snapshot
from arena.standings.snapshots.making import FOLDER

router = Router(tags=["snapshots"])


class OfStudy(Schema):
    """Which snapshots."""

    study: str = Field("", description="Slug of a study; empty for all")


@router.get("", response=Page[schemas.Snapshot], operation_id="list_snapshots", summary="List the snapshots")
def snapshots(request: HttpRequest, of: Query[OfStudy], page: Query[PageQuery]) -> dict[str, Any]:
    """Return the snapshots of all studies or of one, the newest first."""
    wanted = {find_study(of.study)} if of.study else set(studies())
    rows = (
        Snapshot.objects.filter(study__in=wanted.intersection(told_studies()))
        .select_related("study")
        .defer("manifest", "boards")
    )
    return page_of(list(rows), page, _summary)


@router.get(
    "/{manifest_sha256}",
    response=schemas.SnapshotDetail,
    operation_id="get_snapshot",
    summary="Read a snapshot",
)
def snapshot(request: HttpRequest, manifest_sha256: str) -> dict[str, Any]:
    """Return a snapshot with its manifest, signature and boards."""
    found = _find(manifest_sha256)
    detail = {"manifest": found.manifest, "signature": found.signature, "boards": found.boards}
    return {**_summary(found), **detail}


@router.get(
    "/{manifest_sha256}/archive",
    operation_id="get_archive",
    summary="Download a snapshot",
    openapi_extra={
        "responses": {
            200: {
                "description": "Zip file for manage.py verify_snapshot",
                "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
            }
        }
    },
)
def archive(request: HttpRequest, manifest_sha256: str) -> FileResponse:
    """Return the files of a snapshot as one zip file, if the site keeps it.

    It holds single votes, so it needs what they need.
    """
    found = _find(manifest_sha256)
    require_votes(request, found.study)
    path = _archive(found)
    if path is None:
        raise Unknown("This snapshot isn't kept here as a zip file. Ask the organiser for it.")
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=path.name, content_type="application/zip"
    )


def _find(manifest_sha256: str) -> Snapshot:
    rows = Snapshot.objects.filter(study__in=told_studies()).select_related("study")
    found = rows.filter(manifest_sha256=manifest_sha256).first()
    if found is None:
        raise Unknown(unknown("snapshot", manifest_sha256, rows.values_list("manifest_sha256", flat=True)))
    return found


def _archive(snapshot: Snapshot) -> Path | None:
    """Return the zip file of a snapshot in the folder that is for them; what lies elsewhere isn't served."""
    path, folder = Path(snapshot.path), (Path(settings.DATA_DIR) / FOLDER).resolve()
    return path if path.suffix == ".zip" and path.parent == folder and path.is_file() else None


def _summary(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "manifest_sha256": snapshot.manifest_sha256,
        "study": snapshot.study.slug,
        "created_at": snapshot.created_at,
        "ledger_head": snapshot.ledger_head,
        "ledger_entries": snapshot.ledger_entries,
        "has_archive": _archive(snapshot) is not None,
    }
