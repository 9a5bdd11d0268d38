from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from arena.catalog.commitments import commit
from arena.catalog.contenders import load_contenders
from arena.catalog.models import Commitment, Contender
from arena.organising.models import AuditEntry, Role
from generators import registry
from tests.factories import make_contender
from tests.factories_organising import client_of

pytestmark = pytest.mark.django_db
ADD = "/organise/contenders/add/"
FORM = {
    "generator": "toy-world",
    "contender": "late",
    "name": "Late",
    "maker": "Works",
    "set-flaw": "late-sound",
}


def _add(client: Client, **fields: object) -> tuple[int, str]:
    page = client.post(ADD, {**FORM, **fields}, follow=True)
    return page.status_code, page.text


def test_the_form_adds_what_a_file_would(tmp_path: Path) -> None:
    assert "Added late." in _add(client_of(Role.ORGANISER), released_on="2026-03-31", open_weights="true")[1]
    file = tmp_path / "contenders.yaml"
    file.write_text(
        "contenders:\n  - {contender: late, name: Late, maker: Works, generator: toy-world, "
        "settings: {flaw: late-sound}, released_on: '2026-03-31', open_weights: true}\n",
        encoding="utf-8",
    )
    [(known, created)] = load_contenders(path=file)
    assert (known.slug, created) == ("late", False)
    entry = AuditEntry.objects.first()
    assert entry
    assert (entry.action, entry.subject) == ("added", "late")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"contender": "Not a slug"}, "must be 1 to 64 of a-z"),
        ({"contender": ""}, "is missing"),
        ({"name": ""}, "is missing"),
        ({"set-flaw": "none-such"}, "Allowed: none, late-sound"),
        ({"released_on": "yesterday"}, "must be a date such as 2026-03-31"),
        ({"price_per_minute_usd": "much"}, "must be a number from 0"),
        ({"codename": "Amber", "hidden_days": "9999"}, "hidden_days must be above 0"),
    ],
)
def test_a_refused_form_names_its_reason_and_keeps_what_was_typed(fields: dict[str, str], says: str) -> None:
    status, page = _add(client_of(Role.ORGANISER), **fields)
    assert (status, says in page) == (422, True)
    assert 'value="Works"' in page
    assert not Contender.objects.exists()


def test_a_slug_is_taken_once() -> None:
    client = client_of(Role.ORGANISER)
    _add(client)
    status, page = _add(client, name="Other")
    assert (status, "must be new; &#x27;late&#x27; exists" in page) == (422, True)
    assert Contender.objects.get().name == "Late"


@pytest.mark.parametrize("generator", registry.names())
def test_every_generator_has_a_form_of_its_schema(generator: str) -> None:
    page = client_of(Role.ORGANISER).get(f"{ADD}?generator={generator}")
    assert page.status_code == 200
    for setting in registry.settings_schema(generator) or ():
        assert f'name="set-{setting.name}"' in page.text


def test_a_form_left_as_it_is_gives_the_default_settings() -> None:
    _add(client_of(Role.ORGANISER), **{"set-flaw": "none"})
    assert Contender.objects.get().settings == {}


def test_settings_of_every_kind_are_read() -> None:
    fields = {
        "generator": "diffusers", "set-model": "none-such", "set-steps": "9", "set-tiling": "true",
        "set-refuse": ["", "duration"],
    }  # fmt: skip
    status, page = _add(client_of(Role.ORGANISER), **fields)
    assert (status, "none-such" in page) == (422, True)
    assert '<option value="true" selected>' in page
    assert 'value="duration" checked' in page
    assert 'value="ratio" checked' not in page


def test_an_unknown_generator_is_not_found() -> None:
    assert client_of(Role.ORGANISER).get(f"{ADD}?generator=x").status_code == 404


def test_a_codename_commits_and_members_see_nothing_else() -> None:
    organiser, member = client_of(Role.ORGANISER), client_of(Role.MEMBER)
    _add(organiser, codename="Amber")
    assert Commitment.objects.get().codename == "Amber"
    page = member.get("/organise/contenders/").text
    assert "Amber" in page
    for secret in ("Late", "late", "Works", "toy-world"):
        assert secret not in page
    assert "hidden as Amber" in organiser.get("/organise/contenders/").text


@pytest.mark.parametrize(("do", "state"), [("reveal", "revealed"), ("withdraw", "withdrawn")])
def test_an_anonymous_contender_is_revealed_or_withdrawn(do: str, state: str) -> None:
    client = client_of(Role.ORGANISER)
    _add(client, codename="Amber")
    address = f"/organise/contenders/{Contender.objects.get().pk}/"
    client.post(address, {do: ""})
    assert Commitment.objects.get().state == state
    again = client.post(address, {do: ""}, follow=True).text
    assert "Nothing was changed" in again
    assert AuditEntry.objects.filter(kind="contender").count() == 2  # added, and revealed or withdrawn


def test_members_cannot_reveal() -> None:
    contender = make_contender(codename="Amber")
    commit(contender, "1")
    assert (
        client_of(Role.MEMBER).post(f"/organise/contenders/{contender.pk}/", {"reveal": ""}).status_code
        == 403
    )
    assert Commitment.objects.get().state == "hidden"
