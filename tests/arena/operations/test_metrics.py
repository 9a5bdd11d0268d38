from __future__ import annotations

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from arena.voting.models import LedgerEntry
from tests.factories import make_study
from tests.factories_voting import cast

pytestmark = pytest.mark.django_db
TOKEN = "a-token-for-this-test-alone"


def _figures(text: str) -> dict[str, float]:
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {f"{each.name}{sorted(each.labels.values())}": each.value for each in samples}


def test_a_process_on_this_machine_reads_figures_of_requests_jobs_and_ledgers(client: Client) -> None:
    study = make_study()
    cast(study, "a")
    client.get("/boards/")
    response = client.get("/metrics")
    assert response["Content-Type"].startswith("text/plain")
    figures = _figures(response.content.decode())
    assert figures["django_http_requests_before_middlewares_total[]"] >= 2
    assert figures["paddock_jobs['succeeded']"] == 2
    assert (
        figures[f"paddock_ledger_entries['{study.slug}']"] == LedgerEntry.objects.filter(study=study).count()
    )
    assert figures["paddock_open_studies[]"] == 1
    assert figures["paddock_queue_age_seconds[]"] == 0


def test_methods_that_visitors_invent_share_a_label(client: Client) -> None:
    client.generic("INVENTED", "/boards/")
    text = client.get("/metrics").content.decode()
    assert 'method="<invalid method>"' in text
    assert "INVENTED" not in text


def test_no_metric_names_a_contender(client: Client) -> None:
    study = make_study()
    cast(study, "a")
    text = client.get("/metrics").content.decode()
    assert [each.slug for each in study.contenders.all() if each.slug in text or each.name in text] == []


@pytest.mark.parametrize(
    "headers", [{"REMOTE_ADDR": "192.0.2.7"}, {"HTTP_X_FORWARDED_FOR": "192.0.2.7"}, {"REMOTE_ADDR": ""}]
)
def test_visitors_find_no_metrics(client: Client, headers: dict[str, str]) -> None:
    assert client.get("/metrics", **headers).status_code == 404  # type: ignore[arg-type]


def test_behind_a_proxy_nobody_is_local(client: Client, settings: Settings) -> None:
    settings.BEHIND_PROXY = True
    assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize(
    ("given", "status"), [(f"Bearer {TOKEN}", 200), ("Bearer ", 404), (f"Basic {TOKEN}", 404), ("", 404)]
)
def test_with_a_token_only_its_bearer_reads_them(
    client: Client, settings: Settings, given: str, status: int
) -> None:
    settings.METRICS_TOKEN = TOKEN
    settings.BEHIND_PROXY = True
    response = client.get("/metrics", headers={"authorization": given}, REMOTE_ADDR="192.0.2.7")
    assert response.status_code == status
