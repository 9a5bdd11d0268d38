from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client, override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from arena.api.application import api
from arena.api.tokens import create_token
from arena.standings.snapshots.making import make_snapshot
from arena.voting.models import Study

EXAMPLES = 20
"""Requests of each kind to each operation."""
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@pytest.mark.django_db
def test_the_document_is_served(client: Client) -> None:
    document = client.get("/api/v1/openapi.json").json()
    assert document["info"]["title"] == "Paddock"
    for operations in document["paths"].values():
        for operation in operations.values():
            assert {"200", "304", "400", "401", "404", "422", "429"} <= operation["responses"].keys()
            assert operation["description"]
            assert [one["name"] for one in operation["parameters"] if one["in"] == "header"] == [
                "If-None-Match"
            ]


def test_every_operation_has_its_own_id() -> None:
    ids = [one["operationId"] for path in api.get_openapi_schema()["paths"].values() for one in path.values()]
    assert len(ids) == len(set(ids)) == 18


def _modes(operation: APIOperation[Any, Any, Any, Any]) -> list[GenerationMode]:
    """Return how to ask: with what the document allows and, where it forbids a number, with what it doesn't.

    Any text at all may stand in a path, so that no path of texts alone is wrong.
    """
    numbers = [
        one for one in operation.definition.raw["parameters"] if one["schema"].get("type") == "integer"
    ]
    return list(GenerationMode) if numbers else [GenerationMode.POSITIVE]


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Keep the test's connection open after each request, as Django's own client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.usefixtures("one_connection")
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # its client closes no archive
@override_settings(API_REQUESTS_PER_MINUTE=10**9)
def test_no_request_breaks_the_server_or_gets_an_undocumented_answer(rated_study: Study) -> None:
    made = make_snapshot(rated_study, as_zip=True)
    names = sorted(one.slug for one in rated_study.contenders.all())
    known: dict[str, Any] = {
        "study": "study",
        "track": "t2v-audio",
        "suite": rated_study.suites.get().name,
        "version": 1,
        "contender": names[0],
        "first": names[0],
        "second": names[1],
        "manifest_sha256": made.manifest_sha256,
    }
    headers = {"Authorization": f"Bearer {create_token('schemathesis', ['votes'])}"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    seen: set[int] = set()
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) == 18
    for operation in operations:
        for mode in _modes(operation):
            cases = operation.as_strategy(generation_mode=mode)

            @settings(
                max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
            )
            @given(case=cases, names_are_known=st.booleans(), with_token=st.booleans())
            def ask(case: Case[Any], names_are_known: bool, with_token: bool) -> None:
                if names_are_known:
                    case.path_parameters = {name: known[name] for name in case.path_parameters or {}}
                response = case.call(headers=headers if with_token else None)
                seen.add(response.status_code)
                case.validate_response(response, checks=CHECKS)

            ask()
    assert {200, 401, 404, 422} <= seen
