from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from arena.canonical import canonical_bytes
from arena.catalog.hashing import canonical_json
from arena.signing import is_signed, public_key
from arena.voting.heads import signed_head
from arena.voting.ledger import GENESIS, _hash, ledger_head
from arena.voting.models import LedgerEntry, Study, Vote
from arena.voting.records import vote_record
from arena.voting.shown import shown_on
from tests.factories import make_study
from tests.factories_voting import cast, unprotect

pytestmark = pytest.mark.django_db


def _verify(published: object) -> str:
    out = StringIO()
    call_command("verify_ledger", "study", f"--published={published}", stdout=out)
    return out.getvalue()


def _rewrite(study: Study) -> None:
    """Turn a vote round and write the chain anew, as an insider could who knows how it is made."""
    unprotect("voting_vote")
    unprotect("voting_ledgerentry")
    first = Vote.objects.filter(ballot__study=study).order_by("pk").first()
    assert first is not None
    Vote.objects.filter(pk=first.pk).update(outcome="b")
    previous = GENESIS
    for entry in LedgerEntry.objects.filter(study=study).order_by("sequence"):
        vote = Vote.objects.get(ballot=json.loads(entry.payload)["ballot"])
        payload = canonical_json(vote_record(vote, *shown_on(vote.ballot)))
        now = _hash(previous, entry.sequence, entry.kind, payload)
        row = {"payload": payload, "previous_hash": previous, "entry_hash": now}
        LedgerEntry.objects.filter(pk=entry.pk).update(**row)
        previous = now


def test_a_head_is_signed_with_its_number_and_time() -> None:
    study = make_study()
    assert (signed_head(study)["entries"], signed_head(study)["head"]) == (0, GENESIS)
    vote = cast(study)
    head = signed_head(study)
    assert head["head"] == ledger_head(study)
    assert (head["entries"], head["at"]) == (1, vote.created_at.isoformat())
    unsigned = {name: value for name, value in head.items() if name != "signature"}
    assert is_signed(canonical_bytes(unsigned), head["signature"], public_key())
    assert signed_head(study) == head


def test_a_rewritten_chain_is_told_by_a_head_published_before(tmp_path: Path) -> None:
    study = make_study()
    cast(study)
    document = tmp_path / "head.json"
    document.write_text(json.dumps(signed_head(study)))
    published = ledger_head(study)
    cast(study, "b")
    assert "The published head is that of entry 1" in _verify(published)
    assert "The published head is that of entry 1" in _verify(document)
    _rewrite(study)
    assert "2 entries, unbroken" in _verify("")
    for known in (published, document):
        with pytest.raises(CommandError, match=f"must hold the published head {published}; it doesn't"):
            _verify(known)


def test_a_head_of_another_site_or_study_is_refused(tmp_path: Path) -> None:
    cast(make_study())
    other = make_study("other")
    document = tmp_path / "head.json"
    heads = [signed_head(other), {**signed_head(Study.objects.get(slug="study")), "entries": 7}, [], {}]
    with override_settings(DATA_DIR=tmp_path / "elsewhere"):
        heads.append(signed_head(Study.objects.get(slug="study")))
    for head in heads:
        document.write_text(json.dumps(head))
        with pytest.raises(CommandError, match="--published must be a hash of 64 digits, or a head of study"):
            _verify(document)
    with pytest.raises(CommandError, match="nowhere"):
        _verify(tmp_path / "nowhere")
