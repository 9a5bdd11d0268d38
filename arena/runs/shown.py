"""Describe what renditions change about the clips of a run, contender by contender."""

from __future__ import annotations

from collections import Counter, defaultdict

from arena.media.changes import Changes
from arena.runs.models import Rendition, Run


def describe_changes(run: Run) -> list[str]:
    """Return a line for each contender: what was scaled, padded, cut, held or silenced."""
    clips: Counter[str] = Counter()
    phrases: dict[str, Counter[str]] = defaultdict(Counter)
    recipes = Rendition.objects.filter(clip__job__runs=run).order_by("clip__job")
    for slug, recipe in recipes.values_list("clip__job__contender__slug", "recipe"):
        clips[slug] += 1
        if "changes" in recipe:  # early renditions didn't keep them
            phrases[slug].update(Changes.stored(recipe["changes"]).described())
    return [f"{slug}: {_describe(phrases[slug], number)}" for slug, number in sorted(clips.items())]


def _describe(phrases: Counter[str], clips: int) -> str:
    shown = f"{clips} clip{'s' * (clips != 1)} shown"
    if not phrases:
        return f"{shown} as they are"
    return f"{shown} " + "; ".join(
        phrase if number == clips else f"{phrase} ({number} of them)"
        for phrase, number in phrases.most_common()
    )
