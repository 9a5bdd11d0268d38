from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import TYPE_CHECKING
from unittest.mock import patch

import pandas as pd
import pytest
from django.core.cache import cache
from django.test import Client

from analysis.figures.style import Figure
from arena.catalog.models import Contender
from arena.standings.boards import current_standing
from arena.standings.pages.forms import CONTENT_TYPES, DOWNLOADS
from arena.voting.models import Rater, Study
from tests.factories import make_study
from tests.factories_voting import cast_all_pairs

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as ClientResponse

pytestmark = pytest.mark.django_db
QUICK = [form for form in DOWNLOADS if form != "html"]


def _get(client: Client, form: str, query: str = "") -> ClientResponse:
    return client.get(f"/boards/study/t2v-audio/board.{form}{query}")


def _inside(content: bytes) -> bytes:
    """Return everything that a file says, unpacked if it is a workbook."""
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def test_every_form_is_offered_on_the_page_and_answered_as_a_file(client: Client, rated_study: Study) -> None:
    html = client.get("/boards/study/t2v-audio/").content.decode()
    for form in QUICK:
        response = _get(client, form)
        assert response.status_code == 200
        assert response["Content-Type"] == CONTENT_TYPES[form]
        assert response["Content-Disposition"] == f'attachment; filename="study-t2v-audio-board.{form}"'
    assert all(f'href="/boards/study/t2v-audio/board.{form}"' in html for form in DOWNLOADS)


def test_numbers_are_those_of_the_board(client: Client, rated_study: Study) -> None:
    standing = current_standing(study=rated_study, track="t2v-audio")
    assert standing.board
    wanted = [(row.contender, row.votes, round(row.rating, 4)) for row in standing.board.rows]
    rows = list(csv.DictReader(io.StringIO(_get(client, "csv").content.decode())))
    assert [(row["contender"], int(row["votes"]), float(row["rating"])) for row in rows] == wanted
    assert {row["ledger_head"] for row in rows} == {standing.head}
    frame = pd.read_parquet(io.BytesIO(_get(client, "parquet").content))
    assert frame["contender"].tolist() == [name for name, *_ in wanted]
    document = json.loads(_get(client, "json").content)
    assert document["ledger_head"] == standing.head
    assert document["rules_hash"]


def test_no_form_gives_a_withheld_identity_away(client: Client, rated_study: Study) -> None:
    hidden = rated_study.contenders.order_by("pk")[0]
    type(hidden).objects.filter(pk=hidden.pk).update(codename="Falcon", name="Secret", maker="Secret")
    for form in QUICK:
        said = _inside(_get(client, form).content)
        assert hidden.slug.encode() not in said, form
        assert b"Secret" not in said, form
    document = json.loads(_get(client, "json").content)
    assert "rules_hash" not in document  # a guessed slug could be checked against it
    assert any(name.startswith("falcon-") for name in document["rules"]["contenders"])


def test_simulated_votes_are_called_so_in_every_form(client: Client, rated_study: Study) -> None:
    Study.objects.update(simulated=True)
    for form in QUICK:
        response = _get(client, form)
        assert "simulated-study-t2v-audio" in response["Content-Disposition"]
        if form not in ("png", "parquet"):
            assert b"simulated" in _inside(response.content).lower(), form
    assert pd.read_parquet(io.BytesIO(_get(client, "parquet").content))["simulated"].all()


def test_a_board_without_ratings_says_what_is_missing(client: Client) -> None:
    make_study()
    for form in ("csv", "html"):
        response = _get(client, form)
        assert response.status_code == 404
        assert "There are no votes yet." in response.content.decode()


def test_a_slice_is_downloaded_as_such(client: Client, rated_study: Study) -> None:
    suite = rated_study.suites.get()
    suite.prompts.filter(position__lt=2).update(tags=["night"])
    rows = list(csv.DictReader(io.StringIO(_get(client, "csv", "?tag=night").content.decode())))
    assert {row["slice"] for row in rows} == {"tag=night"}
    assert {row["votes"] for row in rows} == {"16"}


def test_only_one_report_is_built_at_a_time(client: Client, rated_study: Study) -> None:
    cache.add("report-being-built", "another")
    response = _get(client, "html")
    assert (response.status_code, response["Retry-After"]) == (503, "30")


@pytest.mark.slow
def test_a_report_is_built_once_in_ten_minutes(client: Client, rated_study: Study) -> None:
    hidden = rated_study.contenders.order_by("pk")[0]
    type(hidden).objects.filter(pk=hidden.pk).update(codename="Falcon", name="Secret")
    content = _get(client, "html").content
    assert b"falcon-" in content
    assert hidden.slug.encode() not in content
    assert _get(client, "html").content == content
    Study.objects.update(simulated=True, slug="other")
    simulated = client.get("/boards/other/t2v-audio/board.html").content
    assert b"36 of 36 votes are simulated" in simulated


def test_a_figure_is_drawn_anew_only_for_another_board(client: Client, rated_study: Study) -> None:
    with patch.object(Figure, "svg", autospec=True, side_effect=Figure.svg) as drawn:
        first, again = (_get(client, "svg").content for _ in range(2))
        assert drawn.call_count == 1
        cast_all_pairs(rated_study, Rater.objects.create(), "aab")
        after = _get(client, "svg").content
        Contender.objects.update(name="Renamed")
        renamed = _get(client, "svg").content
    assert first == again
    assert first != after
    assert b"Renamed" in renamed
    assert drawn.call_count == 3
