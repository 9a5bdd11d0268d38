"""Compare two suites: which prompts came, went or changed, and what changed about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from arena.catalog.suite_file import DESCRIPTIONS, PromptEntry, SuiteFile

HEAD_FIELDS = ("name", "title", "seeds")
PROMPT_FIELDS = ("text", "tags", "language", "seeds", "image_sha256", *DESCRIPTIONS)
FIELD_NAMES = {"name": "suite", "image_sha256": "image"}
"""Names of fields in a file, where they differ from ours."""

LONGEST_LINE = 80
"""Characters of both values together on one line."""


class Change(NamedTuple):
    """Field that differs, with its values before and after."""

    field: str
    before: object
    after: object

    def lines(self) -> list[str]:
        """Describe the change on one line, or with long values below each other."""
        name = FIELD_NAMES.get(self.field, self.field)
        before, after = _show(self.before), _show(self.after)
        if len(before) + len(after) > LONGEST_LINE:
            return [f"{name}:", f"  - {before}", f"  + {after}"]
        return [f"{name}: {before} → {after}"]


@dataclass(frozen=True)
class SuiteDiff:
    """Differences between two suites; prompts are matched by their ids."""

    head: list[Change]
    removed: list[PromptEntry]
    added: list[PromptEntry]
    changed: dict[str, list[Change]]
    """Changes by the id of the prompt."""
    is_reordered: bool
    """Whether the prompts that both have stand in another order."""
    unchanged: int
    """Number of prompts that are the same in both."""

    @property
    def is_empty(self) -> bool:
        """Whether the two suites are the same."""
        return not (self.head or self.removed or self.added or self.changed or self.is_reordered)


def compare_suites(before: SuiteFile, after: SuiteFile) -> SuiteDiff:
    """Compare two suites, or two versions of one."""
    old = {prompt.key: prompt for prompt in before.prompts}
    new = {prompt.key: prompt for prompt in after.prompts}
    shared = [key for key in old if key in new]
    changes = {key: _changes(old[key], new[key], PROMPT_FIELDS) for key in shared}
    changed = {key: fields for key, fields in changes.items() if fields}
    return SuiteDiff(
        head=_changes(before, after, HEAD_FIELDS),
        removed=[prompt for key, prompt in old.items() if key not in new],
        added=[prompt for key, prompt in new.items() if key not in old],
        changed=changed,
        is_reordered=shared != [key for key in new if key in old],
        unchanged=len(shared) - len(changed),
    )


def describe_diff(diff: SuiteDiff) -> Iterator[str]:
    """Describe a difference line by line: `-` for removed, `+` for added, `~` for changed, then a summary."""
    yield from (f"~ {line}" for change in diff.head for line in change.lines())
    yield from (f"- {prompt.key}: {prompt.text}" for prompt in diff.removed)
    yield from (f"+ {prompt.key}: {prompt.text}" for prompt in diff.added)
    for key, changes in diff.changed.items():
        yield f"~ {key}"
        yield from (f"    {line}" for change in changes for line in change.lines())
    if diff.is_reordered:
        yield "~ order of prompts"
    counts = f"{len(diff.removed)} removed, {len(diff.added)} added, {len(diff.changed)} changed"
    yield f"{'No differences: ' if diff.is_empty else ''}{counts}, {diff.unchanged} unchanged."


def _changes(before: object, after: object, fields: tuple[str, ...]) -> list[Change]:
    pairs = [Change(name, getattr(before, name), getattr(after, name)) for name in fields]
    return [change for change in pairs if change.before != change.after]


def _show(value: object) -> str:
    return "none" if value in ("", [], {}) else str(value)
