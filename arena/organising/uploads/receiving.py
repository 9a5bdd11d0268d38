"""Receive files of clips: measure them as they come, look into them, and keep those that can be shown."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler
from django.db import transaction

from arena.catalog.models import Contender
from arena.media.inspecting import facts_as_json, inspect_files
from arena.media.intake import ACCEPTED, LIMITS
from arena.media.probe import Probe
from arena.organising.uploads.matching import (
    Answer,
    ManifestRow,
    match_name,
    refuse_foreign_seed,
    seeds_of,
    text_of_name,
)
from arena.organising.uploads.models import Upload, UploadedClip
from generators.clip_names import SUFFIXES, id_from

LONGEST_NAME = 200
SPARE_BYTES = 256 * 2**20
"""Space that stays free on the disk."""
ENDINGS = {"mov": "mp4", "matroska": "mkv"}
"""End of a stored name by what the content is, whatever the sender called it."""


class Refused(NamedTuple):
    """File that was not kept, and why."""

    file_name: str
    reason: str


class Received(NamedTuple):
    """Result of one form of files."""

    kept: list[UploadedClip]
    refused: list[Refused]


class CantReceive(ValueError):
    """Form whose files can't be kept at all; the message says why."""


class LimitedFiles(TemporaryFileUploadHandler):
    """Upload handler that drops a file as soon as it is too large, or one too many, and remembers why."""

    def __init__(self) -> None:
        """Start with no files."""
        super().__init__()
        self.refused: list[Refused] = []
        self._files = self._bytes = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Django's own arguments
        """Open a temporary file, unless the form has too many."""
        super().new_file(*args, **kwargs)  # first, since Django closes the newest file of what is refused
        self._files, self._bytes = self._files + 1, 0
        if self._files > settings.UPLOAD_MAX_FILES:
            most = f"At most {settings.UPLOAD_MAX_FILES} files are taken at once."
            self._refuse(str(self.file_name), f"{most} Send it with the next ones.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a part, unless the file becomes too large."""
        self._bytes += len(raw_data)
        if self._bytes > LIMITS.size_bytes:
            self._refuse(
                str(self.file_name),
                f"The file has more than {LIMITS.size_bytes / 2**20:g} MiB. Export it smaller.",
            )
        super().receive_data_chunk(raw_data, start)

    def _refuse(self, name: str, reason: str) -> None:
        self.refused.append(Refused(name, reason))
        raise SkipFile


def require_space(length_bytes: int) -> None:
    """Raise CantReceive unless the disk has space for a form's files, and for the copies made of them."""
    free = shutil.disk_usage(settings.DATA_DIR).free
    if free < 2 * length_bytes + SPARE_BYTES:
        raise CantReceive(
            f"The server's disk must have space for twice the files; {free / 2**30:.1f} GiB are free. "
            "Send fewer, or ask whoever runs the server."
        )


def receive_files(
    *,
    upload: Upload,
    contender: str,
    files: Sequence[TemporaryUploadedFile],
    manifest: Mapping[str, ManifestRow],
) -> Received:
    """Keep the files that can be shown; nothing of a form is written before all its files were looked at.

    Args:
        upload: where they belong.
        contender: name of the model whose clips they are; empty if the manifest names it.
        files: files as they came.
        manifest: what is known of each file by its name; others go by their names.

    Raises:
        CantReceive: nobody says whose clips they are, or a contender of that name exists already.
    """
    owners = {str(file.name): _owner(str(file.name), contender, manifest) for file in files}
    for slug in {id_from(name) for name in owners.values() if name}:
        _refuse_taken(upload, slug)
    known = set(UploadedClip.objects.filter(upload=upload).values_list("contender", "sha256"))
    found = inspect_files([Path(file.temporary_file_path()) for file in files])
    kept, refused = [], []
    for file, facts in zip(files, found, strict=True):
        name = str(file.name)
        digest = _digest(Path(file.temporary_file_path()))
        reason = _fault(name, owners[name], facts, digest, known)
        if reason or not isinstance(facts, Probe):
            refused.append(Refused(name, reason))
            continue
        known.add((id_from(owners[name]), digest))
        kept.append((file, facts, digest))
    rows = [_row(upload, owners[str(file.name)], file, facts, digest) for file, facts, digest in kept]
    return Received(_keep(upload, rows, [file for file, _, _ in kept], manifest), refused)


def _owner(name: str, contender: str, manifest: Mapping[str, ManifestRow]) -> str:
    return contender.strip() or (manifest[name].contender if name in manifest else "")


def _refuse_taken(upload: Upload, slug: str) -> None:
    """Raise CantReceive if a contender of this name has clips from elsewhere."""
    known = Contender.objects.filter(slug=slug).first()
    if known is not None and known.settings != contender_settings(upload, slug):
        raise CantReceive(
            f"Contender '{slug}' exists already, with clips from elsewhere. Give this model another name."
        )


def contender_settings(upload: Upload, slug: str) -> dict[str, object]:
    """Return the settings of the generator `folder` for a contender of an upload."""
    return {"manifest": str(upload.manifest), "contender": slug, "root": str(upload.folder)}


def _fault(name: str, owner: str, facts: Probe | str, digest: str, known: set[tuple[str, str]]) -> str:
    """Return why a file can't be kept, or nothing."""
    if len(name) > LONGEST_NAME or not name.isprintable():
        return f"Its name must have at most {LONGEST_NAME} printable characters. Rename it."
    if Path(name).suffix.lower() not in SUFFIXES:
        return f"Its name must end in {', '.join(SUFFIXES)}. Accepted are {ACCEPTED} files."
    if not owner or len(owner) > 120 or not owner.isprintable():
        return "Its model must be named, by the form or by the manifest, in at most 120 characters."
    if isinstance(facts, str):
        return facts
    if facts.container not in ENDINGS:
        return f"It holds {facts.container}. Accepted are MP4, MOV, WebM and MKV files."
    if (id_from(owner), digest) in known:
        return "The same content was sent before for this model."
    return ""


def _row(upload: Upload, owner: str, file: TemporaryUploadedFile, facts: Probe, digest: str) -> UploadedClip:
    return UploadedClip(
        upload=upload,
        contender=id_from(owner),
        contender_name=owner,
        file_name=str(file.name),
        stored_name=f"{id_from(owner)}/{digest}.{ENDINGS[facts.container]}",
        sha256=digest,
        size_bytes=file.size or 0,
        facts=facts_as_json(facts),
    )


def _keep(
    upload: Upload,
    rows: list[UploadedClip],
    files: Sequence[TemporaryUploadedFile],
    manifest: Mapping[str, ManifestRow],
) -> list[UploadedClip]:
    """Copy the files into the upload's folder and store their rows with what they answer."""
    _add_prompts(upload, rows, manifest)
    texts, seeds = upload.texts, seeds_of(upload)
    for row, file in zip(rows, files, strict=True):
        row.prompt_key, row.seed = _answer(row.file_name, manifest, texts, seeds)
        target = upload.folder / row.stored_name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.temporary_file_path(), target)
    with transaction.atomic():
        upload.save(update_fields=["prompts"])
        UploadedClip.objects.bulk_create(rows)
    return rows


def _add_prompts(upload: Upload, rows: Sequence[UploadedClip], manifest: Mapping[str, ManifestRow]) -> None:
    """Add the prompts that files' names are, where neither a suite nor a list gives them."""
    if upload.suite is not None or upload.is_listed:
        return
    texts = upload.texts
    for row in rows:
        if row.file_name in manifest:
            key = manifest[row.file_name].answer.prompt_key
            texts.setdefault(key, key.replace("-", " "))
        elif not match_name(row.file_name, texts).prompt_key:
            key, text = text_of_name(row.file_name)
            texts[key] = text
    upload.prompts = [[key, text] for key, text in texts.items()]


def _answer(
    name: str,
    manifest: Mapping[str, ManifestRow],
    texts: Mapping[str, str],
    seeds: Mapping[str, Sequence[int]],
) -> Answer:
    found = manifest[name].answer if name in manifest else match_name(name, texts)
    if found.prompt_key not in texts:
        return Answer("", found.seed)
    try:
        refuse_foreign_seed(name, found.prompt_key, found.seed, seeds)
    except ValueError:  # the page shows it without a prompt, to be corrected by hand
        return Answer("", found.seed)
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
