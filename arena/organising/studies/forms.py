"""Steps in which a study is created: its fields, and what they become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from arena.catalog.lookup import find_contenders, find_track
from arena.runs.models import Run
from arena.runs.runs import find_run
from arena.voting.choices import Outcome
from arena.voting.models import FRONT_TEXTS, Study
from arena.voting.studies import QUESTION, refuse_invalid
from arena.voting.terms import ANSWERS, ASPECTS, Terms
from generators.base import Track

STEPS = ("Clips", "Question", "Raters", "Check")
LISTS = ("runs", "contenders", "aspects")
"""Fields with several values."""
TEXTS = ("slug", "title", "question", *FRONT_TEXTS)
BEGINNING = ("work_bits", "training")
"""Numbers that say what raters do before the first pair that counts."""
ANSWER_NAMES = dict(Outcome.choices)
CHOICES = {
    "answers": [
        (",".join(answers), ", ".join(ANSWER_NAMES[answer] for answer in answers))
        for answers in reversed(ANSWERS)
    ],
    "reveal": [
        ("vote", "after each vote"),
        ("last", "after the last vote"),
        ("close", "when the study closes"),
    ],
    "admission": [
        ("public", "everybody with the address"),
        ("invitation", "people with an invitation"),
        ("panel", "members of a panel"),
    ],
    "sound_check": [("off", "no check"), ("ask", "ask, and let all vote"), ("require", "require it")],
}


@dataclass
class StudyForm:
    """What was filled in so far. Every step carries the fields of all of them."""

    values: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, given: QueryDict) -> StudyForm:
        """Read what a step sends."""
        lists = {name: given.getlist(name) for name in LISTS}
        return cls({name: str(value) for name, value in given.items() if name not in LISTS}, lists)

    def text(self, name: str) -> str:
        """Return the text of a field, without spaces around it."""
        return self.values.get(name, "").strip()

    @property
    def runs(self) -> list[Run]:
        """Runs whose clips the study shows.

        Raises:
            UnknownName, ValueError: there is no such run, or none is chosen.
        """
        found = [find_run(number) for number in self.lists.get("runs", [])]
        if not found:
            raise ValueError("runs must be one or more; got none. Choose the run whose clips raters see.")
        return found

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `create_study`.

        Raises:
            UnknownName, ValueError: a field is wrong; the message names it.
        """
        runs = self.runs
        slugs = self.lists.get("contenders") or [
            contender.slug for run in runs for contender in run.contenders.all()
        ]
        return {
            **{name: self.text(name) for name in TEXTS},
            "question": self.text("question") or QUESTION,
            "tracks": list(dict.fromkeys(find_track(run.track) for run in runs)),
            "suites": list(dict.fromkeys(run.suite for run in runs)),
            "contenders": find_contenders(list(dict.fromkeys(slugs))),
            "runs": runs,
            "terms": self.terms(),
        }

    def terms(self) -> Terms:
        """Return the study's terms.

        Raises:
            InvalidTerms, ValueError: a term is wrong.
        """
        terms = Terms(
            answers=tuple((self.text("answers") or ",".join(ANSWERS[-1])).split(",")),
            aspects=tuple(self.lists.get("aspects", [])),
            reveal=self.text("reveal") or "vote",
            public_board="hide_board" not in self.values,
            admission=self.text("admission") or "public",
            panel_query=self.text("panel_query"),
            quota=_count(self.text("quota"), "quota"),
            consent=self.values.get("consent", "").replace("\r\n", "\n").strip(),
            instructions="instructions" in self.values,
            sound_check=self.text("sound_check") or "off",
            work_bits=_count(self.text("work_bits"), "work_bits"),
            training=_count(self.text("training"), "training"),
            completion_code=self.text("completion_code"),
            completion_url=self.text("completion_url"),
            screened_out_code=self.text("screened_out_code"),
        )
        terms.check()
        return terms

    def check(self, step: int) -> None:
        """Raise ValueError or UnknownName if a field of a step, numbered from 0, is wrong."""
        if step == 0:
            chosen = self.lists.get("contenders", [])
            if len(chosen or {c.pk for run in self.runs for c in run.contenders.all()}) < 2:
                raise ValueError("contenders must be two or more; got fewer. Choose another one.")
        elif step == 1:
            texts = {name: self.text(name) for name in TEXTS}
            refuse_invalid(Study(**{**texts, "question": texts["question"] or QUESTION}, tracks=[Track.T2V]))
        else:
            self.terms()

    def carried(self, shown: Sequence[str]) -> list[tuple[str, str]]:
        """Return names and values of the fields that a step does not show, for hidden inputs."""
        left_out = {*shown, "csrfmiddlewaretoken", "step", "go"}
        single = [(name, value) for name, value in self.values.items() if name not in left_out]
        several = [
            (name, value) for name in LISTS if name not in left_out for value in self.lists.get(name, [])
        ]
        return [*single, *several]


FIELDS: Mapping[int, tuple[str, ...]] = {
    0: ("runs", "contenders"),
    1: (*TEXTS, "answers", "aspects"),
    2: (
        "admission",
        "panel_query",
        "quota",
        "consent",
        "instructions",
        "sound_check",
        *BEGINNING,
        "reveal",
        "hide_board",
        "completion_code",
        "completion_url",
        "screened_out_code",
    ),
    3: (),
}
"""Fields that each step shows."""
ASPECT_NAMES = ASPECTS


def _count(text: str, name: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) < 8):
        raise ValueError(f"{name} must be a whole number; got '{text[:40]}'. Give one such as 30.")
    return int(text)
