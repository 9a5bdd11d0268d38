from __future__ import annotations

from io import StringIO
from pathlib import Path

from django.core.management import call_command

DOCS = Path(__file__).parents[3] / "docs" / "api.md"


def test_the_page_is_that_of_the_api() -> None:
    out = StringIO()
    call_command("api_reference", stdout=out)
    assert out.getvalue() == DOCS.read_text(encoding="utf-8"), (
        "Write it: manage.py api_reference > docs/api.md"
    )
