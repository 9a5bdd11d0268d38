from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from arena.voting.models import Study
from tests.factories_voting import make_rated_study

Read = Callable[..., Any]


@pytest.fixture
def rated_study() -> Study:
    """Three contenders, 36 votes by four raters on three prompts: enough for a board."""
    return make_rated_study()


@pytest.fixture
def read(client: Client) -> Read:
    """Return a function that reads an address of the API as JSON."""

    def get(address: str, **headers: str) -> Any:  # noqa: ANN401 - any JSON
        response = client.get(f"/api/v1/{address}", headers=headers)
        assert response.status_code == 200, response.content
        return response.json()

    return get
