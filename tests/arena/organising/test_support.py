from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import RequestFactory

from arena.organising.admin import READ_ONLY
from arena.organising.models import Role
from arena.voting.models import Ballot, Exclusion, LedgerEntry, Rater, Vote
from tests.factories import make_contender, make_study
from tests.factories_organising import client_of, make_person
from tests.factories_voting import cast_all_pairs

pytestmark = pytest.mark.django_db


def test_votes_ballots_and_the_ledger_are_read_only() -> None:
    assert {Vote, Ballot, Exclusion, LedgerEntry} <= set(READ_ONLY)
    study = make_study()
    cast_all_pairs(study, Rater.objects.create(), "a")
    client = client_of(Role.ORGANISER)
    for model in (Vote, Ballot, LedgerEntry):
        row = model._default_manager.all()[0]
        start = f"/organise/support/{model._meta.app_label}/{model._meta.model_name}/"
        assert client.get(start).status_code == 200
        shown = client.get(f"{start}{row.pk}/change/")
        assert (shown.status_code, "_save" in shown.text) == (200, False)
        assert client.post(f"{start}{row.pk}/change/", {}).status_code == 403
        assert client.post(f"{start}{row.pk}/delete/", {"post": "yes"}).status_code == 403
        assert client.get(f"{start}add/").status_code == 403
        assert model._default_manager.count() == 1


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model.__name__)
def test_every_list_opens(model: type[Vote]) -> None:
    make_study()
    start = f"/organise/support/{model._meta.app_label}/{model._meta.model_name}/"
    assert client_of(Role.ORGANISER).get(start).status_code == 200


def test_no_row_is_open_to_other_roles() -> None:
    request = RequestFactory().get("/")
    for role, may in ((Role.ORGANISER, True), (Role.MEMBER, False), (Role.VIEWER, False)):
        request.user = make_person(role)
        assert {each.has_view_permission(request) for each in admin.site._registry.values()} == {may}


def test_what_a_contender_is_cannot_be_changed() -> None:
    contender = make_contender("late", maker="Works")
    address = f"/organise/support/catalog/contender/{contender.pk}/change/"
    client_of(Role.ORGANISER).post(address, {"maker": "Other Works", "generator": "folder", "slug": "x"})
    contender.refresh_from_db()
    assert (contender.maker, contender.generator, contender.slug) == ("Other Works", "toy-world", "late")
