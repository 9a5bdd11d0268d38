from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from django.test import Client

from arena.api.application import api
from arena.runs.models import Clip, Rendition
from arena.signing import is_signed, public_key
from arena.standings.snapshots.making import make_snapshot
from arena.standings.snapshots.verifying import verify_snapshot
from arena.voting.media_addresses import media_tokens
from arena.voting.models import Rater, Study
from arena.voting.openings import close_study
from tests.arena.api.conftest import Read
from tests.factories import make_ballot, make_contender, make_suite

pytestmark = pytest.mark.django_db


def test_a_study_tells_its_rules(rated_study: Study, read: Read) -> None:
    close_study(study=rated_study, reason="Enough is known of contender 1.")
    assert [one["study"] for one in read("studies")["items"]] == ["study"]
    told = read("studies/study")
    assert told["rules"]["question"] == rated_study.question
    assert [one["contender"] for one in told["contenders"]] == sorted(
        one.slug for one in rated_study.contenders.all()
    )
    assert told["suites"] == [f"{rated_study.suites.get().name}@1"]
    assert [one["kind"] for one in told["changes"]] == ["closed"]
    assert told["votes_are_public"] is True


def test_contenders_and_suites_are_those_of_studies(rated_study: Study, read: Read) -> None:
    make_contender("secret-plan")
    make_suite("secret-suite")
    told = read("contenders")
    assert told["count"] == 3
    one = told["items"][0]
    assert read(f"contenders/{one['contender']}") == one
    assert (one["generator"], one["withheld"]) == ("toy-world", False)
    suite = rated_study.suites.get()
    assert read("suites")["items"] == [read(f"suites/{suite.name}/1")]
    assert read(f"suites/{suite.name}/1")["prompts"] == 3
    prompts = read(f"suites/{suite.name}/1/prompts?limit=2")
    assert ([one["prompt"] for one in prompts["items"]], prompts["count"]) == (["p0", "p1"], 3)


def test_a_snapshot_is_listed_with_its_signed_manifest(
    rated_study: Study, read: Read, client: Client
) -> None:
    made = make_snapshot(rated_study, as_zip=True)
    (row,) = read("snapshots?study=study")["items"]
    assert (row["manifest_sha256"], row["has_archive"]) == (made.manifest_sha256, True)
    told = read(f"snapshots/{row['manifest_sha256']}")
    assert is_signed(told["manifest"].encode(), told["signature"], public_key())
    assert json.loads(told["manifest"])["ledger"]["head"] == row["ledger_head"]
    assert told["boards"]["t2v-audio"]["rows"][0]["votes"] == 24


def test_an_archive_needs_what_single_votes_need(
    rated_study: Study, client: Client, tmp_path: Path, own_data_dir: Path
) -> None:
    made = make_snapshot(rated_study, as_zip=True)
    address = f"/api/v1/snapshots/{made.manifest_sha256}/archive"
    assert client.get(address).status_code == 401
    close_study(study=rated_study)
    response = client.get(address)
    content = response.getvalue()
    assert response["Content-Type"] == "application/zip"
    assert "votes.parquet" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    (tmp_path / "got.zip").write_bytes(content)
    assert verify_snapshot(tmp_path / "got.zip", public_key()).tables == 2
    elsewhere = make_snapshot(rated_study, tmp_path / "elsewhere.zip", as_zip=True)
    missing = client.get(f"/api/v1/snapshots/{elsewhere.manifest_sha256}/archive")
    assert (missing.status_code, missing["Content-Type"]) == (404, "application/problem+json")


def _addresses(study: Study, snapshot: str) -> list[str]:
    """Return every address of the API, with each name that it can hold."""
    names = [one.public_slug for one in study.contenders.all()]
    known = {"study": "study", "track": "t2v-audio", "suite": study.suites.get().name, "version": "1"}
    known |= {"manifest_sha256": snapshot, "contender": names[0], "first": names[0], "second": names[1]}
    return [path.format(**known) for path in api.get_openapi_schema()["paths"]]


def test_nothing_tells_who_a_withheld_contender_is(rated_study: Study, client: Client) -> None:
    withheld = rated_study.contenders.earliest("pk")
    withheld.codename, withheld.maker, withheld.open_weights = "Grey Heron", "Heron Works", True
    withheld.name, withheld.settings = "True Name 7", {"flaw": "secret-flaw"}
    withheld.save()
    Study.objects.filter(pk=rated_study.pk).update(fit={"anchor": withheld.slug})
    rated_study.refresh_from_db()
    open_ballot = make_ballot(rated_study)
    made = make_snapshot(rated_study, as_zip=True)
    close_study(study=rated_study)
    hidden = [withheld.slug, "Heron Works", "True Name", "secret-flaw"]
    hidden += [
        *Rendition.objects.values_list("sha256", flat=True),
        *Clip.objects.values_list("sha256", flat=True),
    ]
    hidden += [str(rater) for rater in Rater.objects.values_list("pk", flat=True)]
    hidden += [str(open_ballot.pk), *media_tokens(open_ballot).values()]
    addresses = _addresses(rated_study, made.manifest_sha256)
    assert len(addresses) == 18
    for address in addresses:
        response = client.get(address)
        assert response.status_code == 200, address
        text = response.getvalue().decode("utf-8", "replace")
        assert [one for one in hidden if one in text] == [], address
    assert client.get(f"/api/v1/contenders/{withheld.slug}").status_code == 404
    for address in ("contenders/nope", f"boards/study/t2v-audio/pairs/{withheld.slug}/x", "boards/study/x"):
        assert withheld.name not in client.get(f"/api/v1/{address}").content.decode()
    named = client.get(f"/api/v1/contenders/{withheld.public_slug}").json()
    assert named == {
        "contender": withheld.public_slug,
        "name": "Grey Heron",
        "withheld": True,
        "maker": None,
        "generator": None,
        "released_on": None,
        "open_weights": None,
        "list_price_per_minute_usd": None,
    }
