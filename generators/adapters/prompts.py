"""Keep a prompt from switching a provider's settings: `--ar 16:9` inside a text is read by some of them."""

from __future__ import annotations

import re
from typing import Literal

from generators.base import InvalidInput

SwitchPolicy = Literal["refuse", "escape"]
SWITCH_POLICIES: tuple[SwitchPolicy, ...] = ("refuse", "escape")

# A dash of any kind, twice, or one long dash, directly before a word: "--seed", "—ratio".
_SWITCH = re.compile(r"(?<![^\s(\[{\"'“‘,;])(?:--+|[—–]+)(?=[A-Za-z])")


def clean_prompt(prompt: str, policy: SwitchPolicy) -> str:
    """Return a prompt that holds no provider's switch.

    Args:
        prompt: Text as written.
        policy: `escape` puts a space after the dashes, which makes them punctuation; `refuse` raises.

    Raises:
        InvalidInput: The prompt holds a switch and the policy is to refuse it.
    """
    found = _SWITCH.search(prompt)
    if found is None:
        return prompt
    if policy == "escape":
        return _SWITCH.sub(lambda dashes: f"{dashes.group()} ", prompt)
    switch = prompt[found.start() :].split()[0]
    raise InvalidInput(
        f"The prompt must not hold a provider's switch; got {switch!r}. "
        "Reword it, or give the contender the setting 'prompt_switches: escape'."
    )
