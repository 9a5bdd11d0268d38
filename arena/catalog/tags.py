"""Choose the prompts of a suite by their tags."""

from __future__ import annotations

from collections.abc import Sequence

from arena.catalog.lookup import UnknownName, unknown
from arena.catalog.models import Prompt


class NothingChosen(ValueError):
    """Choice of tags that leaves no prompt of a suite."""


def choose_prompts(
    prompts: Sequence[Prompt], *, tags: Sequence[str] = (), exclude_tags: Sequence[str] = ()
) -> list[Prompt]:
    """Return the prompts with at least one of `tags` and none of `exclude_tags`, in their order.

    Args:
        prompts: those of a suite.
        tags: tags of which a prompt needs one; empty takes every prompt.
        exclude_tags: tags of which a prompt may have none.

    Raises:
        UnknownName: no prompt has one of the tags; the message lists those that there are.
        NothingChosen: no prompt is left.
    """
    known = {tag for prompt in prompts for tag in prompt.tags}
    for tag in (*tags, *exclude_tags):
        if tag not in known:
            raise UnknownName(unknown("tag", tag, known))
    chosen = [
        prompt
        for prompt in prompts
        if (not tags or not set(tags).isdisjoint(prompt.tags)) and set(exclude_tags).isdisjoint(prompt.tags)
    ]
    if not chosen:
        asked = describe_tags(tags, exclude_tags)
        raise NothingChosen(f"tags must leave at least one prompt; got {asked}. Exclude fewer tags.")
    return chosen


def describe_tags(tags: Sequence[str], exclude_tags: Sequence[str]) -> str:
    """Describe a choice of tags in words, such as "tagged music or speech, without chinese"; "" for all."""
    parts = [
        f"tagged {' or '.join(tags)}" if tags else "",
        f"without {', '.join(exclude_tags)}" if exclude_tags else "",
    ]
    return ", ".join(filter(None, parts))
