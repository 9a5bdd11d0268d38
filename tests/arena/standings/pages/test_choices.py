from __future__ import annotations

import re
from datetime import date

import pytest
from django.test import Client

from arena.catalog.models import Contender
from arena.standings.pages.choices import FILTERS, SORTS
from arena.voting.models import Study

pytestmark = pytest.mark.django_db
PAGE = "/boards/study/t2v-audio/"


@pytest.fixture
def described(rated_study: Study) -> list[str]:
    """Describe the contenders of a filled board in another order; return their names by place."""
    rows = list(rated_study.contenders.order_by("pk"))
    for row, (name, day, weights, price) in zip(
        rows,
        [
            ("Mid", date(2026, 1, 1), True, 3.0),
            ("Zed", date(2026, 3, 1), None, 1.0),
            ("Abe", None, False, None),
        ],
        strict=True,
    ):
        facts = {"name": name, "released_on": day, "open_weights": weights, "price_per_minute_usd": price}
        Contender.objects.filter(pk=row.pk).update(**facts)
    return ["Mid", "Zed", "Abe"]


def _names(client: Client, query: str, **headers: str) -> list[str]:
    html = client.get(PAGE + query, headers=headers).content.decode()
    rows = html.partition('<table class="ratings">')[2].partition("</table>")[0]
    return re.findall(r'<th scope="row".*?<a [^>]*>(\w+)</a>', rows, re.DOTALL)


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("", ["Mid", "Zed", "Abe"]),
        ("?sort=-place", ["Zed", "Abe", "Mid"]),  # the last two share a place
        ("?sort=name", ["Abe", "Mid", "Zed"]),
        ("?sort=price", ["Zed", "Mid", "Abe"]),
        ("?sort=-price", ["Mid", "Zed", "Abe"]),
        ("?sort=-released", ["Zed", "Mid", "Abe"]),
        ("?q=zeD", ["Zed"]),
        ("?weights=open", ["Mid"]),
        ("?weights=closed&sort=name", ["Abe"]),
        ("?rests_on=enough", []),
        ("?rests_on=preliminary&q=MID", ["Mid"]),
    ],
)
def test_rows_are_sorted_and_filtered_by_the_query_string(
    client: Client, described: list[str], query: str, order: list[str]
) -> None:
    assert _names(client, query) == order


def test_every_order_and_filter_is_answered(client: Client, rated_study: Study) -> None:
    queries = [f"?sort={sign}{name}" for name in SORTS for sign in ("", "-")]
    queries += [f"?{name}={value}" for name, values in FILTERS.items() for value in values]
    assert {client.get(PAGE + query).status_code for query in queries} == {200}


def test_htmx_gets_the_table_alone_and_its_address(client: Client, described: list[str]) -> None:
    headers = {"HX-Request": "true", "HX-Target": "ratings"}
    response = client.get(f"{PAGE}?sort=name&q=&weights=", headers=headers)
    assert response.content.decode().startswith('<div id="ratings">')
    assert response["HX-Push-Url"] == f"{PAGE}?sort=name"
    assert "HX-Request" in response["Vary"]
    restored = client.get(PAGE, headers={**headers, "HX-History-Restore-Request": "true"})
    assert "<html" in restored.content.decode()


@pytest.mark.parametrize(
    ("query", "known"),
    [
        ("?sort=luck", "sort must be one of place, name, width"),
        ("?sort=--place", "sort must be one of place, name"),
        ("?weights=heavy", "weights must be one of open, closed, or empty; got “heavy”."),
        ("?rests_on=luck", "rests_on must be one of enough, preliminary, or empty; got “luck”."),
    ],
)
def test_an_unknown_choice_is_refused_with_the_known_ones(
    client: Client, rated_study: Study, query: str, known: str
) -> None:
    response = client.get(PAGE + query)
    assert response.status_code == 400
    assert known in response.content.decode()


def test_groups_stay_visible_in_another_order(client: Client, described: list[str]) -> None:
    rows = client.get(f"{PAGE}?sort=name").content.decode().partition('<table class="ratings">')[2]
    assert rows.partition("</table>")[0].count('<tr class="odd">') == 3


def test_a_withheld_contender_has_neither_price_nor_date_nor_weights(
    client: Client, rated_study: Study
) -> None:
    facts = {"released_on": date(2026, 1, 1), "open_weights": True, "price_per_minute_usd": 4.25}
    rated_study.contenders.update(codename="Falcon", **facts)
    html = client.get(PAGE).content.decode()
    assert "4.25" not in html
    assert "Jan 2026" not in html
    assert "open weights" not in html
