"""What a snapshot says of a study, read from the ledger and the catalogue, with nothing that unblinds it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from arena.catalog.hashing import content_hash, prompt_hash
from arena.catalog.models import Contender, Prompt
from arena.runs.models import Clip, Job
from arena.signing import keyed_name
from arena.standings.snapshots.blindness import is_blinded, public_names, public_rules
from arena.standings.snapshots.votes import LATER
from arena.standings.vote_facts import facts_of_votes
from arena.voting.fit_settings import COVARIATES
from arena.voting.models import LedgerEntry, Study, Vote
from arena.voting.rules import study_rules

Row = dict[str, Any]
COPIED = (
    "simulated",
    "track",
    "suite",
    "suite_version",
    "prompt",
    "prompt_hash",
    "seed",
    "settings_hash",
    "outcome",
    "propensity",
    "issued_at",
    "at",
)
"""Fields of a vote's record that a snapshot has as they are."""


@dataclass(frozen=True)
class Content:
    """Rows of a snapshot's files, without its tables."""

    votes: list[Row]
    """Votes that count, in the ledger's order."""
    excluded: list[Row]
    entries: int
    """Number of entries in the ledger."""
    blinded: bool
    """Whether hashes and facts of the clips that raters are shown are left out."""
    documents: dict[str, object]
    """Contenders, prompts, clips and rules, ready for JSON, by file name."""
    names: dict[str, str]
    """Public name of each contender by slug."""


def read_content(study: Study, *, clip_facts: bool = False) -> Content:
    """Read a study for a snapshot; call it within one consistent read.

    Args:
        study: the study.
        clip_facts: whether to tell features of clips although people can still be shown them.
    """
    contenders = list(study.contenders.all())
    names = public_names(contenders)
    prompts = list(Prompt.objects.filter(suite__studies=study).select_related("suite"))
    blinded = is_blinded(study)
    facts = facts_of_votes(Vote.objects.filter(ballot__study=study), features=clip_facts or not blinded)

    def to_row(number: int, record: Row, prompt: Prompt) -> Row:
        of_vote = facts.get(record["ballot"], {})
        return vote_row(number, record, names, prompt, of_vote, clip_facts=clip_facts)

    votes, excluded, entries = _read_votes(study, prompts, to_row)
    rules = public_rules(study_rules(study), names)
    documents: dict[str, object] = {
        "rules.json": {"rules": rules, "rules_hash": content_hash(rules)},
        "contenders.json": sorted(map(_contender, contenders), key=lambda row: str(row["contender"])),
        "prompts.json": [_prompt(prompt) for prompt in prompts],
        "clips.json": sorted(_clips(study, names, blinded=blinded), key=_place),
    }
    return Content(votes, excluded, entries, blinded, documents, names)


def _read_votes(
    study: Study, prompts: list[Prompt], to_row: Callable[[int, Row, Prompt], Row]
) -> tuple[list[Row], list[Row], int]:
    """Return the rows of the votes that count and of those excluded, and the number of entries."""
    about = {(prompt.suite.name, prompt.suite.version, prompt.key): prompt for prompt in prompts}
    votes: dict[str, Row] = {}
    excluded: dict[str, Row] = {}
    entries = 0
    for entry in LedgerEntry.objects.filter(study=study).order_by("sequence").iterator():
        entries = entry.sequence
        record = json.loads(entry.payload)
        if entry.kind == LedgerEntry.Kind.EXCLUSION:
            row = votes.pop(record["ballot"])
            excluded[record["ballot"]] = {**row, "excluded_by": record["rule"]}
        elif entry.kind == LedgerEntry.Kind.UNDOING:
            row = excluded.pop(record["ballot"])
            votes[record["ballot"]] = {**row, "excluded_by": None}
        elif entry.kind == LedgerEntry.Kind.VOTE:
            prompt = about[record["suite"], record["suite_version"], record["prompt"]]
            votes[record["ballot"]] = to_row(entry.sequence, record, prompt)
    counting, taken_out = (sorted(rows.values(), key=_number) for rows in (votes, excluded))
    return counting, taken_out, entries


def _number(row: Row) -> int:
    number: int = row["vote"]
    return number


def vote_row(
    number: int,
    record: Row,
    names: Mapping[str, str],
    prompt: Prompt,
    facts: Mapping[str, Any],
    *,
    clip_facts: bool = False,
) -> Row:
    """Return the row of a vote for the public: no ballot, no rendition, and a pseudonym for the rater.

    Args:
        number: number of the vote's entry in the ledger.
        record: the ledger's record.
        names: public name of each contender by slug.
        prompt: the prompt that was judged.
        facts: facts of the vote by the names of `FACT_COLUMNS`.
        clip_facts: whether to tell features of a withheld contender's clips.
    """
    row = {name: record[name] for name in COPIED}
    return {
        "vote": number,
        **row,
        "contender_a": names[record["contender_a"]],
        "contender_b": names[record["contender_b"]],
        "rater": keyed_name(f"rater of {record['study']}", record["rater"]),
        "order": record.get("order"),
        "aspects": "|".join(f"{name}={value}" for name, value in sorted(record.get("aspects", {}).items())),
        "mode": record.get("mode", "both"),
        "rules_version": record.get("rules_version", 1),
        "language": prompt.language,
        "tags": "|".join(prompt.tags),
        "excluded_by": None,
        **{name: facts.get(name) for name in LATER if name != "mode"},
        **_hidden_features(record, names, clip_facts=clip_facts),
    }


def _hidden_features(record: Row, names: Mapping[str, str], *, clip_facts: bool) -> Row:
    """Return None for each feature that could name a withheld contender."""
    sides = (record["contender_a"], record["contender_b"])
    withheld = any(names[slug] != slug for slug in sides)
    return dict.fromkeys(COVARIATES) if withheld and not clip_facts else {}


def _contender(contender: Contender) -> Row:
    """Describe a contender; of one whose identity is withheld only the codename."""
    row: Row = {"contender": contender.public_slug, "name": contender.shown_name}
    if contender.is_withheld:
        return {**row, "withheld": True}
    settings = without_folders(contender.settings)
    return {
        **row,
        "withheld": False,
        "maker": contender.maker,
        "generator": contender.generator,
        "settings": settings,
    }


def _prompt(prompt: Prompt) -> Row:
    return {
        "suite": prompt.suite.name,
        "suite_version": prompt.suite.version,
        "suite_hash": prompt.suite.content_hash,
        "prompt": prompt.key,
        "prompt_hash": prompt_hash(prompt.text, prompt.reference_sha256),
        "text": prompt.text,
        "tags": prompt.tags,
        "language": prompt.language,
        "seeds": prompt.seeds,
        "reference_sha256": prompt.reference_sha256,
        "licence": prompt.licence,
    }


def _clips(study: Study, names: Mapping[str, str], *, blinded: bool) -> Iterator[Row]:
    """Yield each clip of the study, replaced ones as well, since early votes may be on them.

    A withheld contender's clips have no hash and no provenance: either could name it.
    """
    clips = Clip.objects.filter(
        job__track__in=study.tracks,
        job__settings_hash__in=study.settings_hashes,
        job__contender__studies=study,
        job__prompt__suite__studies=study,
        rendition__isnull=False,
    ).select_related("rendition", "job__contender", "job__prompt__suite")
    for clip in clips.order_by("pk").iterator():
        row = _clip(clip.job, names)
        if not clip.job.contender.is_withheld:
            row |= {"sha256": clip.sha256, "provenance": without_folders(clip.provenance)}
        if not blinded and not clip.job.contender.is_withheld:
            shown = clip.rendition
            row["rendition"] = {
                "sha256": shown.sha256,
                "width": shown.width,
                "height": shown.height,
                "fps": shown.fps,
                "duration_s": shown.duration_s,
            }
        yield row


def _clip(job: Job, names: Mapping[str, str]) -> Row:
    return {
        "contender": names[job.contender.slug],
        "suite": job.prompt.suite.name,
        "suite_version": job.prompt.suite.version,
        "prompt": job.prompt.key,
        "seed": job.seed,
        "track": job.track,
        "settings_hash": job.settings_hash,
        "replaced": job.state == Job.State.RETIRED,
    }


def _place(row: Row) -> tuple[object, ...]:
    """Return the key by which clips are sorted, which does not depend on when they were made."""
    names = ("contender", "suite", "suite_version", "prompt", "track", "settings_hash", "seed", "replaced")
    return (*(row[name] for name in names), row.get("sha256", ""))


def without_folders(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return JSON in which an absolute path of this machine is reduced to its last part."""
    if isinstance(value, str):
        return value.rstrip("/").rpartition("/")[2] if value.startswith("/") else value
    if isinstance(value, dict):
        return {name: without_folders(item) for name, item in value.items()}
    return [without_folders(item) for item in value] if isinstance(value, list) else value
