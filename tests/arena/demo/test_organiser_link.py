from __future__ import annotations

import io
import os
import re

import pytest
from django.test import Client
from rich.console import Console

from arena.demo.management.commands import demo

pytestmark = pytest.mark.django_db


def test_the_demo_prints_a_link_that_signs_its_organiser_in_once(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "execv", lambda *command: None)
    printed = io.StringIO()
    demo._serve(8123, Console(file=printed, width=40))
    found = re.search(r"http://127\.0\.0\.1:8123(/organise/sign-in/[\w-]+/)\n", printed.getvalue())
    assert found
    client.post(found[1])
    assert client.get("/organise/people/").status_code == 200
