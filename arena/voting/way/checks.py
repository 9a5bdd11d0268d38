"""Check of headphones and display: drawn anew for each attempt, with answers that only the server knows."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.utils.crypto import salted_hmac

from arena.media.level_test import tone_trial
from arena.voting.refusals import TamperedBallot

SALT = "check"
VALID_S = 3600
TRIALS = 6
ENOUGH_RIGHT = 5
"""Right answers of six that pass, as Woods et al. (2017) ask for."""
MOST_PATCHES = 5
SHADES = {"dark": ("#000000", "#101010"), "bright": ("#ffffff", "#efefef")}
"""Ground and patches of each row: 16 of 255 levels apart."""


@dataclass(frozen=True)
class Check:
    """One attempt at the check, with its right answers."""

    token: str
    quiet: tuple[int, ...]
    """Position of the quietest tone of each trial, 0 to 2."""
    opposite: tuple[int, ...]
    """Position of the tone in opposite phase of each trial."""
    patches: Mapping[str, int]
    """Number of patches that each row of the display check shows, 1 to 5."""

    def sound(self, trial: int) -> bytes:
        """Return the WAV file of a trial."""
        return tone_trial(self.quiet[trial], self.opposite[trial])

    def rows(self) -> list[dict[str, Any]]:
        """Return each row of patches for the page: its name, colours and places."""
        return [
            {
                "name": name,
                "ground": SHADES[name][0],
                "shade": SHADES[name][1],
                "places": [10 + 50 * place for place in range(count)],
            }
            for name, count in self.patches.items()
        ]

    def judge(self, answers: Mapping[str, str]) -> dict[str, Any]:
        """Return what was answered and whether it passes, for the rater's record."""
        tones = [answers.get(f"tone{trial}", "") for trial in range(TRIALS)]
        seen = {name: answers.get(name, "") for name in self.patches}
        right = sum(answer == str(quiet) for answer, quiet in zip(tones, self.quiet, strict=True))
        found = {name: seen[name] == str(count) for name, count in self.patches.items()}
        return {
            "tones_right": right,
            "tones": TRIALS,
            "headphones": right >= ENOUGH_RIGHT,
            "display": all(found.values()),
            **{f"{name}_seen": seen[name][:2] for name in seen},
            **{f"{name}_shown": count for name, count in self.patches.items()},
        }


def new_check() -> Check:
    """Draw an attempt."""
    return _check(signing.dumps(secrets.token_hex(8), salt=SALT))


def find_check(token: str) -> Check:
    """Return the attempt of a token; raise TamperedBallot if this arena didn't make it in the last hour."""
    try:
        signing.loads(token, salt=SALT, max_age=VALID_S)
    except signing.BadSignature:
        raise TamperedBallot from None
    return _check(token)


def _check(token: str) -> Check:
    """Draw from the token and the secret key, so that the page holds no answer."""
    digits = salted_hmac(SALT, token, algorithm="sha256").digest()
    quiet = tuple(digit % 3 for digit in digits[:TRIALS])
    turns = digits[TRIALS : 2 * TRIALS]
    opposite = tuple((tone + 1 + turn % 2) % 3 for tone, turn in zip(quiet, turns, strict=True))
    patches = {name: 1 + digits[20 + place] % MOST_PATCHES for place, name in enumerate(SHADES)}
    return Check(token, quiet, opposite, patches)
