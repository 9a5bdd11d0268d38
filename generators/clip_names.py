"""What the files in a folder of clips are called: a prompt's id, and optionally a seed after a hyphen."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".mp4", ".webm", ".mov", ".mkv")
LONGEST_ID = 64


@dataclass(frozen=True)
class NamedFile:
    """One clip in a folder, and what its name can mean: an id alone, or an id with a seed."""

    path: Path
    whole: str
    base: str
    seed: int | None

    def answers(self, prompt_id: str, seed: int) -> bool:
        """Whether this is the clip of that prompt and seed; a name without a seed has seed 0."""
        return (self.whole, 0) == (prompt_id, seed) or (self.base, self.seed) == (prompt_id, seed)


@dataclass(frozen=True)
class ClipFolder:
    """The clips of a folder, and the names of what else lies in it."""

    files: tuple[NamedFile, ...]
    others: tuple[str, ...]

    def find(self, prompt_id: str, seed: int) -> list[Path]:
        """Return the files that answer a prompt and seed; several are in each other's way."""
        return [file.path for file in self.files if file.answers(prompt_id, seed)]

    def by_whole_name(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = defaultdict(list)
        for file in self.files:
            found[file.whole].append(file.path)
        return dict(found)


def id_from(name: str) -> str:
    """Make a prompt's id of any name: "A red Ball" becomes `a-red-ball`.

    Letters that an id can't hold leave a hash behind, and so does a long name's end: other names, other ids.
    """
    plain = unicodedata.normalize("NFKD", name).casefold()
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    slug = re.sub("[^a-z0-9_]+", "-", kept).strip("-")
    if len(slug) <= LONGEST_ID and not any(c.isalnum() and not c.isascii() for c in kept) and slug:
        return slug
    digest = hashlib.sha256(unicodedata.normalize("NFC", name).encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{slug[: LONGEST_ID - 9].strip('-')}-{digest}".strip("-")


def read_clip_folder(folder: Path) -> ClipFolder:
    """Read the names in a folder, hidden files aside.

    Raises:
        OSError: the folder can't be read.
    """
    names = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    clips = [path for path in names if path.suffix.lower() in SUFFIXES and path.is_file()]
    return ClipFolder(
        tuple(_named(path) for path in clips), tuple(path.name for path in names if path not in clips)
    )


def _named(path: Path) -> NamedFile:
    base, hyphen, digits = path.stem.rpartition("-")
    has_seed = bool(hyphen and base and digits.isascii() and digits.isdigit())
    return NamedFile(
        path, id_from(path.stem), id_from(base) if has_seed else "", int(digits) if has_seed else None
    )
