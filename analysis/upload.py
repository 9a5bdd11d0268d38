"""Upload of a dataset's folder to the Hugging Face Hub, which happens by an explicit command alone."""

from __future__ import annotations

import re
from pathlib import Path

from analysis.dataset import BOARD, CARD, VOTES

REPOSITORY = re.compile(r"[\w][\w.-]*/[\w][\w.-]*")
FILES = (CARD, VOTES, BOARD)
"""Files that are uploaded; others in the folder stay where they are."""


def check_upload(folder: Path, repository: str) -> None:
    """Refuse a folder that is no dataset's, and a repository that is not OWNER/NAME.

    Raises:
        ValueError: a file is missing, or the repository is not OWNER/NAME.
    """
    if not REPOSITORY.fullmatch(repository):
        raise ValueError(f"--repo must be OWNER/NAME; got {repository!r}.")
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise ValueError(
            f"{folder} must hold {', '.join(FILES)}; it lacks {', '.join(missing)}. Make it by: python -m "
            "analysis dataset."
        )


def planned(folder: Path, repository: str) -> list[str]:
    """Return a line for each file that would be uploaded.

    Raises:
        ValueError: as in `check_upload`.
    """
    check_upload(folder, repository)
    sizes = {name: (folder / name).stat().st_size for name in FILES}
    return [f"{name} ({size:,} bytes) -> datasets/{repository}" for name, size in sizes.items()]


def upload_dataset(folder: Path, repository: str, *, private: bool, endpoint: str | None = None) -> str:
    """Upload the folder of a dataset in one commit, and return the address of the commit.

    The repository is made if there is none. The token is that of `hf auth login` or of HF_TOKEN.

    Args:
        folder: what `write_dataset` wrote.
        repository: OWNER/NAME on the Hub.
        private: whether a new repository is private.
        endpoint: address of the Hub; None for the one that huggingface_hub takes.

    Raises:
        ValueError: as in `check_upload`.
        ImportError: huggingface_hub is not installed.
        OSError: the Hub refuses, or cannot be reached.
    """
    check_upload(folder, repository)
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise ImportError(
            "The upload needs huggingface_hub, which is not installed. Add it: pip install huggingface_hub"
        ) from error
    hub = HfApi(endpoint=endpoint)
    hub.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
    commit = hub.upload_folder(
        repo_id=repository,
        repo_type="dataset",
        folder_path=folder,
        allow_patterns=list(FILES),
        commit_message="Add votes, leaderboard and card",
    )
    return str(commit.commit_url)
