"""Proof of work before the first pair: a puzzle that costs a browser some seconds, and the server one hash.

A thousand new raters then cost a thousand times as much. Hashcash (Back, 2002) is the model.
"""

from __future__ import annotations

import hashlib
from itertools import count
from typing import NamedTuple

from django.utils.crypto import salted_hmac

from arena.voting.models import Rater, Study
from arena.voting.terms import Terms

SALT = "work"
CHALLENGE_DIGITS = 32
"""Length of a challenge; with a colon and a nonce it fits into one block of SHA-256."""
LONGEST_NONCE = 16


class Puzzle(NamedTuple):
    """What one rater's browser has to solve in one study."""

    challenge: str
    bits: int
    """Number of leading zero bits that SHA-256 of `challenge:nonce` must have."""

    def is_solved_by(self, nonce: str) -> bool:
        """Return whether a nonce, a number in decimal digits, solves the puzzle."""
        if not (nonce.isascii() and nonce.isdecimal() and len(nonce) <= LONGEST_NONCE):
            return False
        digest = hashlib.sha256(f"{self.challenge}:{nonce}".encode()).digest()
        return int.from_bytes(digest) >> (8 * len(digest) - self.bits) == 0

    def solve(self) -> str:
        """Return the smallest nonce that solves the puzzle, after 2 ** bits hashes on average."""
        return next(nonce for nonce in map(str, count()) if self.is_solved_by(nonce))


def puzzle_for(study: Study, rater: Rater) -> Puzzle:
    """Return the puzzle of a rater in a study. It needs the secret key, so nobody can solve it before."""
    drawn = salted_hmac(SALT, f"{study.pk} {rater.pk}", algorithm="sha256").hexdigest()
    return Puzzle(drawn[:CHALLENGE_DIGITS], Terms.of(study.terms).work_bits)
