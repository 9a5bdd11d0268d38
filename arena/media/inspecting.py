"""Probe files that strangers sent in a process of its own, with limits of memory and time.

`python -m arena.media.inspecting` reads paths from its input, and answers each with a line of JSON.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from arena.media.intake import LIMITS, UnusableMedia
from arena.media.probe import Probe, Sound, probe

MEMORY_BYTES = 2 * 2**30
"""Memory of its own that the process may take: 4096 × 4096 pixels need less."""


def inspect_files(paths: Sequence[Path]) -> list[Probe | str]:
    """Return each file's facts, or the reason why it can't be shown.

    A file that ends the process, such as by its demand for memory, is refused; the others are looked at anew.
    """
    found: list[Probe | str] = []
    while len(found) < len(paths):
        rest = paths[len(found) :]
        answers = list(_ask(rest))
        found += answers
        if len(answers) < len(rest):
            found.append("The file can't be played within the limits of memory and time. Export it smaller.")
    return found


def facts_as_json(facts: Probe) -> dict[str, Any]:
    """Return facts in a form that JSON holds; `facts_of` reads it."""
    return asdict(facts)


def facts_of(stored: dict[str, Any]) -> Probe:
    """Return facts that `facts_as_json` wrote."""
    sound = stored["sound"]
    return Probe(**{**stored, "sound": None if sound is None else Sound(**sound)})


def _ask(paths: Sequence[Path]) -> Iterator[Probe | str]:
    """Yield the answers of one process, which may be fewer than the paths."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "arena.media.inspecting"],
            input="\n".join(map(str, paths)),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=LIMITS.decoding_s * len(paths),
            check=False,
            cwd=Path(__file__).resolve().parents[2],
        )
        printed = done.stdout
    except subprocess.TimeoutExpired as error:
        printed = (error.stdout or b"").decode()
    for line in printed.splitlines():
        answer = json.loads(line)
        yield answer if isinstance(answer, str) else facts_of(answer)


def _main() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_answer(Path(line.rstrip("\n")))) + "\n")
        sys.stdout.flush()


def _answer(path: Path) -> dict[str, Any] | str:
    try:
        return facts_as_json(probe(path))
    except (UnusableMedia, OSError, MemoryError) as error:
        return str(error) or "The file needs too much memory. Export it smaller."


if __name__ == "__main__":
    _main()
