from __future__ import annotations

import pytest
from django.test import RequestFactory

from arena.voting.refusals import AnswerRefusals, Refusal, StudyClosed, concerning
from tests.factories import make_study

pytestmark = pytest.mark.django_db
REFUSALS = sorted(Refusal.__subclasses__(), key=lambda kind: kind.__name__)


def _middleware() -> AnswerRefusals:
    return AnswerRefusals(lambda request: pytest.fail("no view is called"))


@pytest.mark.parametrize("kind", REFUSALS, ids=lambda kind: kind.__name__)
def test_a_refusal_that_a_view_raises_is_answered_in_words_and_never_cached(kind: type[Refusal]) -> None:
    response = _middleware().process_exception(RequestFactory().get("/", headers={"accept": "*/*"}), kind())
    assert response is not None
    assert response.status_code == kind.status
    assert "no-store" in response["Cache-Control"]


def test_a_program_gets_a_problem_document() -> None:
    request = RequestFactory().get("/", headers={"accept": "application/json"})
    response = _middleware().process_exception(request, StudyClosed())
    assert response is not None
    assert response["Content-Type"] == "application/problem+json"


def test_a_page_leads_back_to_the_study_that_the_refusal_concerns() -> None:
    study = make_study("place")
    with pytest.raises(StudyClosed) as caught, concerning(study):
        raise StudyClosed
    response = _middleware().process_exception(RequestFactory().get("/"), caught.value)
    assert response is not None
    assert "/studies/place/" in response.content.decode()


def test_other_exceptions_go_their_way() -> None:
    assert _middleware().process_exception(RequestFactory().get("/"), ValueError("a fault")) is None
