"""Compare what Paddock writes before and after a change that must leave every byte as it is.

`python -m tests.benchmarks.same_bytes --write before.json` records a hash for each output, and
`python -m tests.benchmarks.same_bytes before.json` makes the outputs again and exits with 1 if one differs.
Hashes hold on the machine that wrote them: another processor may round otherwise. Everything is made through
commands, so that the comparison outlives moves of modules.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

import av

ROOT = Path(__file__).parent.parent.parent
Hashes = dict[str, str]

SUITE = """
suite: same-bytes
title: Same bytes
language: en
seeds: [0, 1]
prompts:
  - {id: red-circle, text: a large red circle bouncing right quickly on a white background}
  - {id: green-circle, text: a small green circle gliding down-right quickly on a charcoal background}
"""
CONTENDERS = """
contenders:
  - {contender: truth, name: Truth, maker: Paddock, generator: toy-world, settings: {flaw: none}}
  - {contender: late-sound, name: Late, maker: Paddock, generator: toy-world, settings: {flaw: late-sound}}
  - {contender: stutter, name: Stutter, maker: Paddock, generator: toy-world, settings: {flaw: stutter}}
"""
STUDY = "same-bytes"
MADE = "truth,late-sound,stutter"
GEOMETRY = ("--size", "256x256", "--fps", "16", "--duration", "1.5", "--workers", "1")
VOTES = 120
OF_ONE_RUN = frozenset({"ballot", "rater", "issued_at", "at", "playback"})
"""Columns of a votes export that differ from one study to the next: random ids and the clock."""

SCENE = "a large red circle bouncing left slowly on a white background"
CLIPS = {
    "distilled": ("--seed", "1", "--steps", "4"),
    "base": ("--seed", "2", "--kind", "base", "--steps", "4", "--cascade"),
    "tiny": (
        "--seed",
        "3",
        "--size",
        "tiny",
        "--random-weights",
        "--seconds",
        "1",
        "--width",
        "128",
        "--height",
        "64",
    ),
}
"""Options of `python -m generators.happyhorse sample` for each clip."""

VOTES_MADE = 600
FITS = {
    "table": ("--format", "table", "--clusters", "prompt,rater"),
    "davidson": ("--format", "csv", "--ties", "davidson", "--effects", "side", "--separation", "firth"),
    "floor": ("--format", "json", "--both-bad", "floor", "--clusters", "rater", "--correction", "CR1"),
    "rao-kupper": (
        "--format",
        "json",
        "--ties",
        "rao-kupper",
        "--both-bad",
        "drop",
        "--weighting",
        "propensity",
    ),
    "bootstrap": ("--format", "latex", "--intervals", "bootstrap", "--rounds", "50", "--clusters", "prompt"),
}
"""Options of `python -m elo` for each table of the votes that are made here."""

CLUSTERED = ("--clusters", "prompt,rater", "--anchor", "truth=1000", "--separation", "firth")


def arena_hashes(folder: Path) -> Iterator[tuple[str, str]]:
    """Make, show and judge a few clips in a database of their own; hash the files and what is exported."""
    (folder / "suite.yaml").write_text(SUITE, encoding="utf-8")
    (folder / "contenders.yaml").write_text(CONTENDERS, encoding="utf-8")
    _manage(folder, "migrate", "--verbosity", "0")
    _manage(folder, "load_suite", str(folder / "suite.yaml"))
    _manage(folder, "load_contenders", str(folder / "contenders.yaml"))
    _manage(folder, "run_suite", STUDY, "--contenders", MADE, "--track", "t2v-audio", *GEOMETRY)
    for kind in ("originals", "renditions"):
        yield kind, _hash_of("\n".join(_content_hashes(folder / "media" / kind)).encode())
    opened = (
        "--title",
        "Same bytes",
        "--tracks",
        "t2v-audio",
        "--suites",
        STUDY,
        "--contenders",
        MADE,
        "--simulated",
    )
    _manage(folder, "create_study", STUDY, *opened)
    _manage(folder, "simulate_votes", STUDY, "--votes", str(VOTES), "--seed", "0")
    board = _manage(folder, "export", STUDY, "--what", "board", "--format", "json")
    yield "board.json", _hash_of(without_run(json.loads(board)))
    board = _manage(folder, "export", STUDY, "--what", "board", "--format", "csv")
    yield "board.csv", _hash_of(without_columns(board.decode(), {"ledger_head"}))
    votes = _manage(folder, "export", STUDY, "--what", "votes", "--format", "csv")
    yield "votes.csv", _hash_of(without_columns(votes.decode(), OF_ONE_RUN))
    (folder / "votes.csv").write_text(_same_raters(votes.decode()), encoding="utf-8")
    yield "votes.csv, rated", _hash_of(_run(folder, "-m", "elo", str(folder / "votes.csv"), *CLUSTERED))


def elo_hashes(folder: Path) -> Iterator[tuple[str, str]]:
    """Rate the tests' file in each layout by default options, and votes made here by many options."""
    for path in sorted((ROOT / "tests" / "elo" / "votes" / "data").iterdir()):
        yield f"elo {path.name}", _hash_of(_run(folder, "-m", "elo", str(path), "--format", "json"))
    votes = folder / "votes.csv"
    votes.write_text("\n".join(made_votes(Random(0))), encoding="utf-8")
    for name, options in FITS.items():
        yield f"elo {name}", _hash_of(_run(folder, "-m", "elo", str(votes), *options))


def made_votes(random: Random) -> Iterator[str]:
    """Draw votes on five contenders, of which the first is the best, as lines of a CSV."""
    yield "contender_a,contender_b,outcome,prompt,rater,side,propensity"
    for _ in range(VOTES_MADE):
        a, b = random.sample(range(5), 2)
        outcome = random.choices(["a", "b", "tie", "both_bad"], [5 + b - a, 5 + a - b, 2, 1])[0]
        prompt, rater, propensity = random.randrange(12), random.randrange(15), random.choice([0.05, 0.1])
        yield f"m{a},m{b},{outcome},p{prompt},r{rater},{random.choice(['left', 'right'])},{propensity}"


def clip_hashes(folder: Path) -> Iterator[tuple[str, str]]:
    """Make HappyHorse's clips; hash each file, its pictures and its samples."""
    for name, options in CLIPS.items():
        out = folder / f"{name}.mp4"
        asked = ("--prompt", SCENE, "--device", "cpu", "--out", str(out))
        _run(folder, "-m", "generators.happyhorse", "sample", *asked, *options)
        yield f"happyhorse {name} file", _hash_of(out.read_bytes())
        yield f"happyhorse {name} pictures", _hash_of(_decoded(out, "video"))
        yield f"happyhorse {name} samples", _hash_of(_decoded(out, "audio"))


def without_run(board: Mapping[str, object]) -> bytes:
    """Return a board as JSON without what differs from one run or commit to the next."""
    kept = {name: value for name, value in board.items() if name not in {"ledger_head", "code"}}
    return json.dumps(kept, indent=1).encode()


def without_columns(text: str, dropped: frozenset[str] | set[str]) -> bytes:
    """Return a CSV without some of its columns, the others and the rows as they were."""
    rows = [
        {name: value for name, value in row.items() if name not in dropped}
        for row in csv.DictReader(io.StringIO(text))
    ]
    return json.dumps(rows, indent=1).encode()


def differences(before: Hashes, after: Hashes) -> list[str]:
    """Return the names whose hash changed, or which only one of the two has."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _same_raters(text: str) -> str:
    """Renumber the raters in the order of their votes; random ids would decide the order of clusters."""
    rows = list(csv.DictReader(io.StringIO(text)))
    numbers = {rater: f"r{n:03}" for n, rater in enumerate(dict.fromkeys(row["rater"] for row in rows))}
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows({**row, "rater": numbers[row["rater"]]} for row in rows)
    return out.getvalue()


def _manage(folder: Path, *arguments: str) -> bytes:
    return _run(folder, "manage.py", *arguments)


def _run(folder: Path, *arguments: str) -> bytes:
    """Run Python on a program of ours, on one thread and a state of its own; return its standard output."""
    environment = os.environ | {
        "DATA_DIR": str(folder),
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "110",
        "TZ": "UTC",
    }
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr.decode()}")
    return done.stdout


def _decoded(path: Path, kind: str) -> bytes:
    """Return all pictures or samples of a file, one after the other."""
    with av.open(str(path)) as container:
        frames = container.decode(video=0) if kind == "video" else container.decode(audio=0)
        return b"".join(frame.to_ndarray().tobytes() for frame in frames)


def _content_hashes(folder: Path) -> list[str]:
    return sorted(_hash_of(path.read_bytes()) for path in folder.rglob("*") if path.is_file())


def _hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main() -> int:
    """Print the hash of each output; record them, or compare them with those recorded."""
    parser = ArgumentParser(prog="python -m tests.benchmarks.same_bytes", description=__doc__)
    parser.add_argument("record", type=Path, nargs="?", help="a file of hashes, as JSON")
    parser.add_argument("--write", action="store_true", help="record the hashes instead of comparing them")
    args = parser.parse_args()
    if args.write and not args.record:
        parser.error("record must be a file to write; got none. Name one, like before.json.")
    found: Hashes = {}
    for made in (elo_hashes, clip_hashes, arena_hashes):
        with tempfile.TemporaryDirectory() as folder:
            for name, digest in made(Path(folder)):
                found[name] = digest
                print(f"{digest}  {name}", flush=True)  # noqa: T201
    if args.write:
        args.record.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return 0
    changed = differences(json.loads(args.record.read_text(encoding="utf-8")), found) if args.record else []
    for name in changed:
        print(f"differs: {name}")  # noqa: T201
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
