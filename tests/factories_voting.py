"""What raters do, for tests: through the pages with a client, or straight into the rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations, cycle
from random import Random
from typing import TYPE_CHECKING

from django.db import connection
from django.test import Client
from django.urls import reverse

from arena.runs.models import Rendition
from arena.voting.ballots import sign_ballot
from arena.voting.controls.models import Twin
from arena.voting.media_addresses import Side, media_tokens
from arena.voting.models import Ballot, LedgerEntry, Rater, Study, Vote
from arena.voting.votes import cast_vote
from tests.factories import make_ballot, make_study, store_bytes

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as ClientResponse


def open_page(client: Client, study: Study) -> Ballot:
    """Return the ballot that the study's page shows to this browser, which has pressed *Start*."""
    if "rater" not in client.cookies:
        press_start(client, study)
    ballot: Ballot = client.get(reverse("ballot", args=[study.slug])).context["ballot"]
    return ballot


def press_start(client: Client, study: Study) -> ClientResponse:
    """Open a study's front page and press its button."""
    url = reverse("start", args=[study.slug])
    client.get(url)
    return client.post(url, {"csrfmiddlewaretoken": client.cookies["csrftoken"].value})


def answer(client: Client, ballot: Ballot, outcome: str = "a", **headers: str) -> ClientResponse:
    """Send the ballot page's form."""
    return client.post(answer_url(ballot), {"outcome": outcome}, headers=headers)


def answer_url(ballot: Ballot) -> str:
    return reverse("answer", args=[sign_ballot(ballot)])


def media_url(ballot: Ballot, side: Side) -> str:
    return media_url_of(media_tokens(ballot)[side])


def media_url_of(token: str) -> str:
    return reverse("media", args=[token])


def fetch(client: Client, url: str, **headers: str) -> tuple[ClientResponse, bytes]:
    """Return the response with its whole body, so that the file behind it is closed."""
    response = client.get(url, headers=headers)
    return response, response.getvalue()


def cast(
    study: Study,
    outcome: str = "a",
    *,
    rater: Rater | None = None,
    sides: tuple[int, int] = (0, 1),
    prompt: int = 0,
    playback: Mapping[str, object] | None = None,
) -> Vote:
    """Cast a vote on a prompt's renditions by two of the study's contenders, named by position."""
    contenders = list(study.contenders.order_by("pk").values_list("pk", flat=True))
    keys = [contenders[side] for side in sides]
    shown = Rendition.objects.filter(
        clip__job__prompt__position=prompt, clip__job__seed=0, clip__job__contender__in=keys
    )
    of = {one.clip.job.contender_id: one for one in shown.select_related("clip__job__prompt")}
    pair = [of[key] for key in keys]
    return cast_vote(ballot=make_ballot(study, rater, pair=pair), outcome=outcome, playback=playback)


def cast_all_pairs(study: Study, rater: Rater, outcomes: str = "aabt") -> None:
    """One vote on each pair of contenders and each prompt, the outcomes in turn (`t` is a tie)."""
    named = {"a": "a", "b": "b", "t": "tie"}
    shown = Rendition.objects.filter(
        clip__job__prompt__suite__in=study.suites.all(),
        clip__job__contender__in=study.contenders.all(),
        clip__job__seed=0,
    ).select_related("clip__job__prompt")
    of_prompt: dict[int, list[Rendition]] = defaultdict(list)
    for one in shown.order_by("clip__job__prompt__position", "clip__job__contender"):
        of_prompt[one.clip.job.prompt_id].append(one)
    pairs = (pair for renditions in of_prompt.values() for pair in combinations(renditions, 2))
    for pair, outcome in zip(pairs, cycle(outcomes), strict=False):
        cast_vote(ballot=make_ballot(study, rater, pair=pair), outcome=named[outcome])


def make_rated_study(slug: str = "study") -> Study:
    """Return three contenders with 36 votes by four raters on three prompts: enough for a board."""
    study = make_study(slug=slug, contenders=3, prompts=3)
    for outcomes in ("aab", "aat", "aaab", "ab"):
        cast_all_pairs(study, Rater.objects.create(), outcomes)
    return study


class Always(Random):
    """Source of draws in which each pair is a control, if there are any."""

    def random(self) -> float:
        return 0.0

    def getrandbits(self, k: int) -> int:
        return super().getrandbits(k)


class Never(Always):
    """Source of draws in which no pair is a control."""

    def random(self) -> float:
        return 0.9


def make_twin_row(rendition: Rendition, degradation: str = "blur", **fields: object) -> Twin:
    """Make the row of a degraded twin, with a stored file that holds a few bytes."""
    kept = store_bytes(f"{degradation} of {rendition.pk}".encode(), "renditions", "mp4")
    files = {"sha256": kept.sha256, "size_bytes": kept.size_bytes, "name": kept.name}
    given = {"degradation": degradation, "seed": "0", "recipe": {}, **files}
    return Twin.objects.create(rendition=rendition, **{**given, **fields})


def recorded() -> tuple[int, list[str]]:
    """How many votes there are, and every hash of the ledger: equal before and after means unchanged."""
    return Vote.objects.count(), list(LedgerEntry.objects.values_list("entry_hash", flat=True))


def unprotect(table: str) -> None:
    """Drop a table's triggers, as an intruder in the database would; the test's end restores them."""
    place = f" ON {table}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {table}_written_once{place}")
