"""Terms of a study: what raters are asked, in which ways, when names are revealed, and what screens votes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from arena.voting.screening_rules import KNOWN, faults_of
from generators.base import Track

ALL_ANSWERS = ("a", "tie", "both_bad", "b")
ANSWERS = (("a", "b"), ("a", "tie", "b"), ALL_ANSWERS)
"""Sets of answers that a study may offer, in the order of the page."""
ASPECTS = ("picture", "motion", "prompt", "sound", "sync")
MODES = ("both", "muted", "sound")
REVEALS = ("vote", "last", "close")
GEOMETRIES = ("equal", "native")
ADMISSIONS = ("public", "invitation", "panel")
SOUND_CHECKS = ("off", "ask", "require")
SECRET = ("completion_code", "completion_url", "screened_out_code")
"""Fields that only raters who finished, or were turned away, may know."""
LONGEST_CONSENT = 4000
LARGEST_COUNT = 1_000_000
MOST_TRAINING = 10
MOST_WORK_BITS = 24
"""Work that takes a phone a minute or two; each bit more doubles it."""
LARGEST_SHARE = 0.2
"""Most pairs of each kind of control."""


class InvalidTerms(ValueError):
    """Terms with unknown or invalid fields; the message names each field, its requirement and the value."""


class Rule(NamedTuple):
    """Requirement of a field, in words and as a test."""

    must_be: str
    """What stands after "must be" in messages."""
    holds: Callable[[Any], bool]
    meaning: str
    """What the field does, for `--help`."""


@dataclass(frozen=True)
class Terms:
    """Terms of a study. Every default is how studies without terms work."""

    answers: tuple[str, ...] = ALL_ANSWERS
    """Answers that the page offers."""
    aspects: tuple[str, ...] = ()
    """Aspects that the page asks about after the main answer."""
    modes: tuple[str, ...] = ("both",)
    """Ways in which pairs are judged: with picture and sound, muted, or by sound alone."""
    geometry: str = "equal"
    """Whether all clips are shown with one size, length, rate and loudness, or each with its own."""
    reveal: str = "vote"
    """When the names of a pair's contenders are shown to its rater."""
    public_board: bool = True
    """Whether the board is public while the study is open."""
    admission: str = "public"
    """Who may vote."""
    panel_query: str = ""
    """Parameter of a panel's own links that holds the member's id, empty where only signed links admit."""
    quota: int = 0
    """Votes that a rater may cast, 0 for no limit."""
    min_votes: int = 0
    """Votes that a contender needs before it is listed."""
    min_raters: int = 0
    """Raters that a contender needs before it is listed."""
    min_prompts: int = 0
    """Prompts that a contender needs before it is listed."""
    consent: str = ""
    """Text that a rater agrees to before the first pair, empty for none."""
    instructions: bool = False
    """Whether instructions are shown before the first pair."""
    sound_check: str = "off"
    """Whether headphones and display are checked before the first pair."""
    work_bits: int = 0
    """Leading zero bits of the hash that a new rater's browser must find, 0 for none."""
    completion_code: str = ""
    """Code shown to a rater who has finished, empty for none; public rules say only that there is one."""
    completion_url: str = ""
    """Address to which a rater who has finished returns, with ids and code in braces; empty for none."""
    screened_out_code: str = ""
    """Code shown to a rater whom a required check turns away, empty for none."""
    personal_board: int = 0
    """Votes after which a rater sees a board of their own, 0 for never."""
    screening: dict[str, float] = field(default_factory=dict)
    """Threshold of each screening rule by its name."""
    gold: float = 0.0
    """Share of pairs that show a clip beside its degraded twin."""
    identical: float = 0.0
    """Share of pairs that show a clip beside itself."""
    repeats: float = 0.0
    """Share of pairs that the rater judged before, on swapped sides."""
    training: int = 0
    """Pairs of a clip and its degraded twin with which a new rater begins, told the answer after each."""

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Terms:
        """Read terms as `stored` gives them; those left out have their defaults.

        Raises:
            InvalidTerms: a field is unknown.
        """
        known = cls.__dataclass_fields__
        for name in stored:
            if name not in known:
                raise InvalidTerms(
                    f"terms must be of {', '.join(sorted(known))}; got '{name}'. Leave it out."
                )
        given: dict[str, Any] = {name: _immutable(value) for name, value in stored.items()}
        return cls(**given)

    @property
    def stored(self) -> dict[str, Any]:
        """Terms that differ from the defaults, ready for JSON."""
        default = Terms().as_fields
        return {name: value for name, value in self.as_fields.items() if value != default[name]}

    @property
    def as_fields(self) -> dict[str, Any]:
        """Value of every field by name, ready for JSON."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }

    @property
    def controls(self) -> float:
        """Share of pairs that are controls."""
        return self.gold + self.identical + self.repeats

    @property
    def twins(self) -> int:
        """Least number of degraded twins that training and gold pairs take: no rater meets one twice."""
        return self.training + (self.gold > 0)

    @property
    def public(self) -> dict[str, Any]:
        """Stored terms without the codes and the address, which only raters who finished may know."""
        return {**self.stored, **{name: True for name in SECRET if getattr(self, name)}}

    def check_tracks(self, tracks: Sequence[str]) -> None:
        """Raise InvalidTerms if there are several modes and no track on which sound is judged."""
        if len(self.modes) > 1 and not any(Track(track).with_sound for track in tracks):
            raise InvalidTerms(
                f"modes must be [both] where no sound is judged; got {_shown(self.modes)} on "
                f"{', '.join(tracks)}. Leave modes out."
            )

    def check(self) -> None:
        """Raise InvalidTerms unless every field has a value that is allowed, and they go together."""
        wrong = [
            f"{name} must be {rule.must_be}; got {_shown(getattr(self, name))}."
            for name, rule in RULES.items()
            if not rule.holds(getattr(self, name))
        ]
        if not wrong and self.panel_query and self.admission != "panel":
            wrong = [f"panel_query must be empty unless admission is panel; got '{self.panel_query}'."]
        wrong = wrong or list(self._odd_controls())
        if wrong:
            raise InvalidTerms(" ".join(wrong))

    def _odd_controls(self) -> Iterator[str]:
        """Yield what keeps control pairs from telling anything."""
        if self.identical and "tie" not in self.answers:
            yield f"identical must be 0 where no tie can be answered; got {self.identical:g}. Offer a tie."
        if self.repeats and self.reveal == "vote":
            yield (
                f"repeats must be 0 where names are shown after each vote; got {self.repeats:g}. "
                "Set reveal to last or close."
            )


def _immutable(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _shown(value: object) -> str:
    plain = list(value) if isinstance(value, tuple) else value
    shown = str(plain).lower() if isinstance(plain, bool) else repr(plain)
    return shown if len(shown) <= 60 else f"{shown[:40]}… ({len(shown)} characters)"


def _choice(known: tuple[str, ...], meaning: str) -> Rule:
    return Rule(
        f"one of {', '.join(known)}", lambda value: isinstance(value, str) and value in known, meaning
    )


def _some(known: tuple[str, ...], needed: tuple[str, ...], meaning: str) -> Rule:
    some = f"{' and '.join(needed)} and none or some" if needed else "none or some"
    return Rule(
        f"a list of {some} of {', '.join(name for name in known if name not in needed)}, each once",
        lambda value: (
            isinstance(value, tuple)
            and set(needed) <= {item for item in value if isinstance(item, str)}
            and all(isinstance(item, str) and item in known for item in value)
            and len(set(value)) == len(value)
        ),
        meaning,
    )


def _count(most: int, meaning: str) -> Rule:
    return Rule(
        f"a whole number from 0 to {most:,}",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most,
        meaning,
    )


def _share(meaning: str) -> Rule:
    return Rule(
        f"a number from 0 to {LARGEST_SHARE:g}",
        lambda value: (
            isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LARGEST_SHARE
        ),
        meaning,
    )


def _truth(meaning: str) -> Rule:
    return Rule("true or false", lambda value: isinstance(value, bool), meaning)


def _text(longest: int, meaning: str) -> Rule:
    return Rule(
        f"text of at most {longest:,} printable characters",
        lambda value: (
            isinstance(value, str)
            and len(value) <= longest
            and all(c.isprintable() or c == "\n" for c in value)
        ),
        meaning,
    )


def _are_thresholds(value: object) -> bool:
    return isinstance(value, dict) and not any(faults_of(value))


RULES: dict[str, Rule] = {
    "answers": Rule(
        "[a, b], [a, tie, b] or [a, tie, both_bad, b]",
        lambda value: value in ANSWERS,
        "answers that the page offers",
    ),
    "aspects": _some(ASPECTS, (), "optional questions after the main answer"),
    "modes": _some(MODES, ("both",), "ways of judging: with picture and sound, muted, or sound alone"),
    "geometry": _choice(
        GEOMETRIES, "whether clips are shown with one size, length, rate and loudness, or each with its own"
    ),
    "reveal": _choice(
        REVEALS, "when names are shown: after each vote, the rater's last one, or when the study closes"
    ),
    "public_board": _truth("whether the board is public while the study is open"),
    "admission": _choice(ADMISSIONS, "who may vote"),
    "panel_query": Rule(
        "empty or 1 to 32 letters, digits and _",
        lambda value: isinstance(value, str) and re.fullmatch("[A-Za-z0-9_]{0,32}", value) is not None,
        "parameter of a panel's own links that holds the member's id, such as PROLIFIC_PID",
    ),
    "quota": _count(LARGEST_COUNT, "votes that a rater may cast, 0 for no limit"),
    "min_votes": _count(LARGEST_COUNT, "votes that a contender needs before it is listed"),
    "min_raters": _count(LARGEST_COUNT, "raters that a contender needs before it is listed"),
    "min_prompts": _count(LARGEST_COUNT, "prompts that a contender needs before it is listed"),
    "consent": _text(LONGEST_CONSENT, "text that raters agree to first, empty for none"),
    "instructions": _truth("whether instructions are shown first"),
    "sound_check": _choice(SOUND_CHECKS, "check of headphones and display before the first pair"),
    "work_bits": _count(
        MOST_WORK_BITS, "proof of work before the first pair, in bits: each one doubles it; 0 for none"
    ),
    "completion_code": _text(64, "code for raters who have finished, empty for none"),
    "completion_url": Rule(
        "empty or an address of at most 500 characters that starts with https:// or http://",
        lambda value: (
            isinstance(value, str)
            and len(value) <= 500
            and (not value or re.fullmatch(r"https?://[!-~]+", value) is not None)
        ),
        "address to which raters who have finished return, with {participant}, {study}, {session} and {code}",
    ),
    "screened_out_code": _text(64, "code for raters whom a required check turns away, empty for none"),
    "personal_board": _count(LARGEST_COUNT, "votes after which raters see their own board, 0 for never"),
    "screening": Rule(
        f"a mapping of rules to numbers: {KNOWN}", _are_thresholds, "threshold of each screening rule"
    ),
    "gold": _share("share of pairs that show a clip beside its degraded twin"),
    "identical": _share("share of pairs that show a clip beside itself"),
    "repeats": _share("share of pairs that the rater judged before, on swapped sides"),
    "training": _count(
        MOST_TRAINING, "pairs with known answers before the first one, each told after the vote"
    ),
}
"""Rule of each field of `Terms`, in the same order."""
