from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from arena.api.models import ApiToken
from arena.api.tokens import create_token
from arena.voting.exclusions import exclude_vote
from arena.voting.fit_settings import COVARIATES
from arena.voting.models import Study
from arena.voting.openings import close_study
from tests.arena.api.conftest import Read
from tests.factories import make_study
from tests.factories_voting import cast

pytestmark = pytest.mark.django_db
VOTES = "/api/v1/studies/study/votes"


def _run(command: str, *arguments: str) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue().strip()


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_single_votes_of_an_open_study_need_a_token(rated_study: Study, client: Client) -> None:
    refused = client.get(VOTES)
    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, "Bearer")
    assert refused.json()["detail"].startswith(
        "Single votes of study 'study' need a token with the scope 'votes'"
    )
    token = _run("create_api_token", "ada")
    told = client.get(VOTES, headers=_bearer(token)).json()
    assert len(told["items"]) == 36
    close_study(study=rated_study)
    later = client.get(VOTES).json()["items"]
    # Features of clips are told once nobody is shown them.
    assert ({row["duration"] for row in told["items"]}, {row["duration"] for row in later}) == ({None}, {0.0})
    hidden = dict.fromkeys(COVARIATES)
    assert [row | hidden for row in later] == told["items"]


def test_a_simulated_studys_votes_are_public(read: Read) -> None:
    cast(make_study(simulated=True))
    assert len(read("studies/study/votes")["items"]) == 1


def test_votes_come_in_pages_with_their_exclusions(rated_study: Study, read: Read) -> None:
    vote = rated_study.ballots.order_by("vote__pk").first().vote  # type: ignore[union-attr]
    exclude_vote(vote=vote, rule="robot", reason="Votes in its sleep.")
    close_study(study=rated_study)
    pages, after = [], 0
    while after is not None:
        page = read(f"studies/study/votes?limit=10&after={after}")
        pages.append(page["items"])
        after = page["next_after"]
    assert [len(items) for items in pages] == [10, 10, 10, 6]
    votes = [vote for items in pages for vote in items]
    assert [vote["vote"] for vote in votes] == list(range(1, 37))
    assert [vote["excluded_by"] for vote in votes] == ["robot", *[None] * 35]
    assert len({vote["rater"] for vote in votes}) == 4
    assert votes == read("studies/study/votes")["items"]


def test_a_token_without_the_scope_is_refused(rated_study: Study, client: Client) -> None:
    token = create_token("ada", ["votes"])
    ApiToken.objects.update(scopes=[])
    refused = client.get(VOTES, headers=_bearer(token))
    assert refused.status_code == 403
    assert "got a token without it" in refused.json()["detail"]


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Basic YTpi", "Bearer \xff", "Bearer " + "x" * 5000]
)
def test_a_wrong_token_is_refused_even_for_what_is_public(header: str, client: Client) -> None:
    response = client.get("/api/v1/studies", headers={"authorization": header})
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"


def test_a_revoked_token_holds_no_more(rated_study: Study, client: Client) -> None:
    token = _run("create_api_token", "ada", "--scope=votes")
    assert token not in str(list(ApiToken.objects.values()))
    assert _run("list_api_tokens").startswith("ada: votes, created 2")
    assert _run("revoke_api_token", "ada") == "Token 'ada' holds no more."
    assert client.get(VOTES, headers=_bearer(token)).status_code == 401
    assert "revoked" in _run("list_api_tokens")
    with pytest.raises(CommandError, match=r"Unknown token 'ada'\. Known: none\."):
        _run("revoke_api_token", "ada")


def test_tokens_that_cannot_be_are_refused() -> None:
    assert _run("list_api_tokens") == "There are no tokens. Create one: manage.py create_api_token NAME"
    _run("create_api_token", "ada")
    with pytest.raises(CommandError, match="name must be one that no other token has; got 'ada'"):
        _run("create_api_token", "ada")
    with pytest.raises(CommandError, match="scope must be one of votes; got 'all'"):
        _run("create_api_token", "bob", "--scope=all")
    for name in ("", "x" * 65, "a\nb"):
        with pytest.raises(CommandError, match="name must be 1 to 64 printable characters"):
            _run("create_api_token", name)


@pytest.fixture
def asked(client: Client) -> Callable[..., list[int]]:
    """Return a function that asks some times, and tells the statuses."""

    def ask(times: int, **headers: str) -> list[int]:
        return [client.get("/api/v1/studies", headers=headers).status_code for _ in range(times)]

    return ask


@override_settings(API_REQUESTS_PER_MINUTE=3)
def test_an_address_may_ask_so_often_in_a_minute(asked: Callable[..., list[int]], client: Client) -> None:
    with time_machine.travel("2030-01-01 12:00:15", tick=False) as clock:
        assert asked(4) == [200, 200, 200, 429]
        refused = client.get("/api/v1/studies")
        assert refused["Retry-After"] == "45"
        assert refused.json()["detail"].startswith("A client may ask only so often in a minute")
        token = create_token("ada", ["votes"])
        assert asked(4, **_bearer(token)) == [200, 200, 200, 429]
        clock.shift(45)
        assert asked(1) == [200]


@override_settings(API_REQUESTS_PER_MINUTE=1)
def test_behind_a_proxy_the_address_is_the_one_that_it_saw(asked: Callable[..., list[int]]) -> None:
    with time_machine.travel("2030-02-01 12:00:15", tick=False):
        assert asked(1, x_forwarded_for="203.0.113.1") + asked(1, x_forwarded_for="203.0.113.2") == [200, 429]
    with time_machine.travel("2030-03-01 12:00:15", tick=False), override_settings(BEHIND_PROXY=True):
        forged = [f"198.51.100.{number}, 203.0.113.1" for number in range(2)]
        assert asked(1, x_forwarded_for=forged[0]) + asked(1, x_forwarded_for=forged[1]) == [200, 429]
        assert asked(1, x_forwarded_for="203.0.113.2") == [200]
