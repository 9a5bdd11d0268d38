"""Read the names of clip files: a prompt's id, and optionally a seed after a hyphen."""

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
    """Clip in a folder; its name can mean an id alone, or an id with a seed."""

    path: Path
    whole: str
    """Id that the whole name gives."""
    base: str
    """Id that the name before its seed gives; empty without a seed."""
    seed: int | None
    """Number after the last hyphen; None without one."""

    def answers(self, prompt_id: str, seed: int) -> bool:
        """Return whether this is the clip of that prompt and seed; a name without a seed has seed 0."""
        return (self.whole, 0) == (prompt_id, seed) or (self.base, self.seed) == (prompt_id, seed)


@dataclass(frozen=True)
class ClipFolder:
    """Clips of a folder, and the names of other files in it."""

    files: tuple[NamedFile, ...]
    others: tuple[str, ...]

    def find(self, prompt_id: str, seed: int) -> list[Path]:
        """Return the files that answer a prompt and seed; more than one is a conflict."""
        return [file.path for file in self.files if file.answers(prompt_id, seed)]

    def by_whole_name(self) -> dict[str, list[Path]]:
        """Return the files under the id that their whole name gives."""
        found: dict[str, list[Path]] = defaultdict(list)
        for file in self.files:
            found[file.whole].append(file.path)
        return dict(found)


def id_from(name: str) -> str:
    """Make a prompt's id from any name: "A red Ball" becomes `a-red-ball`.

    A name that is too long, or has letters that an id can't hold, gets a hash, so that other names give other
    ids.
    """
    plain = unicodedata.normalize("NFKD", name).casefold()
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    slug = re.sub("[^a-z0-9_]+", "-", kept).strip("-")
    loses_letters = any(c.isalnum() and not c.isascii() for c in kept)
    if 0 < len(slug) <= LONGEST_ID and not loses_letters:
        return slug
    spelled = unicodedata.normalize("NFC", name).encode(errors="surrogatepass")
    digest = hashlib.sha256(spelled).hexdigest()[:8]
    start = slug[: LONGEST_ID - 9].strip("-")
    return f"{start}-{digest}".strip("-")


def read_clip_folder(folder: Path) -> ClipFolder:
    """Read the names in a folder, without hidden files.

    Raises:
        OSError: The folder can't be read.
    """
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    clips = [path for path in paths if path.suffix.lower() in SUFFIXES and path.is_file()]
    others = [path.name for path in paths if path not in clips]
    return ClipFolder(tuple(map(read_clip_name, clips)), tuple(others))


def read_clip_name(path: Path) -> NamedFile:
    """Read the name of one clip file; the file itself is not looked at."""
    base, hyphen, digits = path.stem.rpartition("-")
    whole = id_from(path.stem)
    if hyphen and base and digits.isascii() and digits.isdigit():
        return NamedFile(path, whole, id_from(base), int(digits))
    return NamedFile(path, whole, "", None)
