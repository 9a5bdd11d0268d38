from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from arena.voting.admission.models import Admission, Invitation, PanelMember
from arena.voting.admission.tickets import panel_path
from arena.voting.ledger import verify_ledger
from arena.voting.models import Ballot, Rater, Study
from tests.factories import make_study
from tests.factories_voting import answer

pytestmark = pytest.mark.django_db


def _by_invitation() -> Study:
    return make_study(prompts=3, terms={"admission": "invitation"})


def _for_panel(**terms: object) -> Study:
    return make_study(prompts=3, terms={"admission": "panel", **terms})


def _invite(uses: int = 1) -> str:
    out = StringIO()
    call_command("invite", "study", f"--uses={uses}", stdout=out)
    return out.getvalue().strip()


def _follow(client: Client, link: str) -> int:
    """Open a link, press its button where there is one, and return the last status."""
    page = client.get(link)
    if page.status_code != 200:
        return page.status_code
    assert f'action="{link}"' in page.content.decode().replace("&amp;", "&")
    form = {"csrfmiddlewaretoken": client.cookies["csrftoken"].value}
    return client.post(link, form, follow=True).status_code


def _title(client: Client, link: str) -> str:
    return client.get(link).content.decode().split("<h1>")[1].split("</h1>")[0].replace("&#x27;", "'")


def test_without_an_invitation_nobody_gets_a_pair_or_a_row(client: Client) -> None:
    _by_invitation()
    assert _title(client, "/studies/study/start/") == "This study is by invitation"
    assert client.get("/studies/study/start/").status_code == 403
    assert client.post("/studies/study/start/").status_code == 403
    assert client.get("/studies/study/", follow=True).status_code == 403
    assert "/studies/study/start/" not in client.get("/").content.decode()
    assert (Rater.objects.count(), Ballot.objects.count()) == (0, 0)


def test_an_invitation_admits_as_many_as_it_says(client: Client) -> None:
    study = _by_invitation()
    link = _invite(uses=2)
    assert client.get(link).status_code == 200
    assert not Rater.objects.exists()
    browsers = [client, Client(), Client()]
    assert [_follow(browser, link) for browser in browsers] == [200, 200, 403]
    assert _title(browsers[2], link) == "This invitation is used up"
    assert _follow(client, link) == 200
    assert client.get("/studies/study/").status_code == 200
    assert [one.group for one in Admission.objects.all()] == ["invitation"] * 2
    assert Invitation.objects.get().used == 2
    first = Admission.objects.earliest("pk").rater
    assert answer(client, Ballot.objects.get(rater=first)).status_code == 302
    assert verify_ledger(study) == 1


@pytest.mark.parametrize("change", ["x", "", "0" * 40])
def test_a_forged_invitation_is_refused(client: Client, change: str) -> None:
    _by_invitation()
    link = _invite()
    assert _follow(client, f"{link[:-6]}{change}") == 403
    make_study("other", terms={"admission": "invitation"})
    assert _follow(client, link.replace("/study/", "/other/")) == 403
    assert not Rater.objects.exists()


def test_a_panels_member_takes_part_once_and_goes_on_in_their_browser(client: Client, tmp_path: Path) -> None:
    study, out = _for_panel(), StringIO()
    file = tmp_path / "ids.txt"
    file.write_text("anna\nben\n anna\n", encoding="utf-8")
    call_command("load_panel", "study", str(file), stdout=out, stderr=StringIO())
    links = dict(line.split("\t") for line in out.getvalue().splitlines())
    assert (list(links), PanelMember.objects.count()) == (["anna", "ben"], 2)
    assert _follow(client, links["anna"]) == 200
    assert _follow(client, links["anna"]) == 200
    other = Client()
    assert _follow(other, links["anna"]) == 403
    assert _title(other, links["anna"]) == "This link was used in another browser"
    assert _follow(other, links["ben"]) == 200
    stranger = Client()
    assert _title(stranger, panel_path(study, "carl")) == "This id is not in the study's panel"
    assert [(one.group, one.external_id) for one in Admission.objects.order_by("pk")] == [
        ("panel", "anna"),
        ("panel", "ben"),
    ]


def test_a_panels_own_links_carry_the_ids(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    study = _for_panel(panel_query="PROLIFIC_PID")
    link = "/studies/study/start/?PROLIFIC_PID=member-of-7&STUDY_ID=s&SESSION_ID=t"
    assert _follow(client, link) == 200
    assert _follow(Client(), "/studies/study/start/?PROLIFIC_PID=member-of-7") == 403
    assert _follow(Client(), f"/studies/study/start/?PROLIFIC_PID={'x' * 65}") == 403
    assert _follow(Client(), "/studies/study/start/") == 403
    ballot = Ballot.objects.get()
    answer(client, ballot)
    call_command("export", "study", "--what=raters")
    heads, row = (line.split(",") for line in capsys.readouterr().out.splitlines())
    came = dict(zip(heads, row, strict=True))
    assert (came["group"], came["external_id"], came["STUDY_ID"], came["votes"]) == (
        "panel",
        "member-of-7",
        "s",
        "1",
    )
    call_command("export", "study", "--what=raters", "--format=json")
    assert json.loads(capsys.readouterr().out)["raters"][0]["external_id"] == "member-of-7"
    call_command("export", "study", "--what=votes", "--format=json")
    assert "member-of-7" not in capsys.readouterr().out.replace(str(ballot.rater_id), "")
    assert study.admissions.count() == 1


def test_a_study_of_another_kind_takes_no_invitations_or_panels(tmp_path: Path) -> None:
    make_study()
    with pytest.raises(CommandError, match="admission of study 'study' must be invitation; got public"):
        call_command("invite", "study")
    file = tmp_path / "ids.txt"
    file.write_text("anna\n", encoding="utf-8")
    with pytest.raises(CommandError, match="must be panel; got public"):
        call_command("load_panel", "study", str(file))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\xff", "must be UTF-8"), (b"anna\n\nben", "line 2 must be an id"), (b"x" * 65, "line 1 must be")],
)
def test_a_file_that_holds_no_ids_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    _for_panel()
    file = tmp_path / "ids.txt"
    file.write_bytes(content)
    with pytest.raises(CommandError, match=message):
        call_command("load_panel", "study", str(file))
    assert not PanelMember.objects.exists()


def test_invitations_are_for_someone() -> None:
    _by_invitation()
    with pytest.raises(CommandError, match="uses must be a whole number from 1 to 1,000,000; got 0"):
        call_command("invite", "study", "--uses=0")
