"""Find a public model's files in a local folder or in the hub's cache; never fetch any."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from generators.base import Unavailable


class MissingModel(Unavailable, FileNotFoundError):
    """Files of a model that aren't there. The message holds the command that fetches them."""


@dataclass(frozen=True)
class Source:
    """Address of a public model."""

    title: str
    repo: str
    """Repository on the hub."""
    files: tuple[str, ...]
    """Files that must be there, by path in the repository."""
    wanted: tuple[str, ...] = ()
    """Patterns of files to fetch, if they are more than `files`."""

    def command(self, folder: Path | None = None) -> str:
        """Return the command that fetches the files into a folder, or into the hub's cache."""
        includes = [part for pattern in self.wanted for part in ("--include", pattern)]
        target = [] if folder is None else ["--local-dir", str(folder)]
        return shlex.join(["hf", "download", self.repo, *(includes or self.files), *target])

    def locate(self, folder: Path | None = None) -> tuple[Path, ...]:
        """Return the paths of `files`.

        Args:
            folder: Folder that holds them as the repository does, or side by side; None for the hub's cache.

        Raises:
            MissingModel: A file isn't there.
        """
        found = [
            _cached(self.repo, file) if folder is None else _in_folder(folder, file) for file in self.files
        ]
        missing = [file for file, path in zip(self.files, found, strict=True) if path is None]
        if missing:
            place = "the hub's cache" if folder is None else str(folder)
            raise MissingModel(
                f"{self.title}: {', '.join(missing)} not found in {place}. Get it by: {self.command(folder)}"
            )
        return tuple(path for path in found if path is not None)


PARTS = ("transformer", "540p", "1080p", "text", "wan", "turbo", "oobleck")
"""Parts that may have a folder of their own."""
WAN = Source("The video autoencoder", "Wan-AI/Wan2.2-TI2V-5B", ("Wan2.2_VAE.pth",))
TURBO = Source("The turbo decoder", "GAIR/daVinci-MagiHuman", ("turbo_vae/checkpoint-340000.ckpt",))
OOBLECK = Source("The audio autoencoder", "stabilityai/stable-audio-open-1.0", ("model.safetensors",))
TRANSFORMERS = {
    kind: Source(
        f"The {kind} checkpoint",
        "GAIR/daVinci-MagiHuman",
        (f"{folder}/model.safetensors.index.json",),
        wanted=(f"{folder}/*",),
    )
    for kind, folder in (
        ("base", "base"),
        ("distilled", "distill"),
        ("540p", "540p_sr"),
        ("1080p", "1080p_sr"),
    )
}
T5GEMMA = Source(
    "The text encoder",
    "google/t5gemma-9b-9b-ul2",
    ("config.json", "tokenizer.json", "model.safetensors.index.json"),
    wanted=("*.json", "*.safetensors"),
)


def _in_folder(folder: Path, file: str) -> Path | None:
    candidates = (folder / file, folder / Path(file).name)
    return next((path for path in candidates if path.is_file()), None)


def _cached(repo: str, file: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache  # only the extra `codecs` installs it

    found = try_to_load_from_cache(repo, file)
    return Path(found) if isinstance(found, str) else None
