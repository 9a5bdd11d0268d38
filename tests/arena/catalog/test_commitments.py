"""Anonymous contenders: committed at entry, within caps, and revealed with proof, or refused."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from arena.catalog.commitments import CommitmentRefused, commit, reveal, withdraw
from arena.catalog.contenders import load_contenders
from arena.catalog.located import FileError
from arena.catalog.models import Commitment, Contender
from arena.catalog.openings import ForgedOpening, check_opening, published
from tests.factories import make_contender, write_file

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[3]
AMBER = (
    "contender: model-x, name: Model X, maker: X Works, generator: toy-world, settings: {flaw: none}, "
    "codename: Amber"
)


def _load(folder: Path, *contenders: str) -> None:
    lines = [f"  - {{{contender}}}\n" for contender in contenders]
    load_contenders(path=write_file(folder / "contenders.yaml", f"contenders:\n{''.join(lines)}"))


def _amber(slug: str = "model-x", maker: str = "X Works") -> Contender:
    contender = make_contender(slug, name="Model X", maker=maker, codename="Amber")
    commit(contender, "1")
    return contender


def _entry(contender: Contender) -> dict[str, object]:
    return published(Commitment.objects.get(contender=contender))


def test_an_entry_under_a_codename_is_committed(tmp_path: Path) -> None:
    _load(tmp_path, AMBER)
    commitment = Commitment.objects.get()
    opening = json.loads(commitment.opening)
    assert opening["identity"] == {
        "contender": "model-x", "name": "Model X", "maker": "X Works", "generator": "toy-world",
    }  # fmt: skip
    assert (opening["codename"], opening["settings"]) == ("Amber", {"flaw": "none"})
    assert opening["version"]
    assert re.fullmatch("[0-9a-f]{64}", opening["nonce"])
    assert commitment.digest == hashlib.sha256(commitment.opening.encode()).hexdigest()
    _load(tmp_path, AMBER)
    assert Commitment.objects.get() == commitment


def test_each_entry_has_a_nonce_of_its_own() -> None:
    _amber("one")
    _amber("two")
    nonces = {json.loads(each.opening)["nonce"] for each in Commitment.objects.all()}
    assert len(nonces) == 2


def test_before_the_reveal_nothing_but_the_hash_is_published() -> None:
    contender = _amber()
    entry = _entry(contender)
    assert entry["opening"] is None
    opening = json.loads(contender.commitment.opening)
    secrets = (opening["nonce"], "model-x", "Model X", "X Works", "toy-world")
    assert not [secret for secret in secrets if secret in json.dumps(entry)]


@pytest.mark.parametrize("way", ["command", "file"])
def test_the_reveal_publishes_an_opening_that_anybody_can_check(tmp_path: Path, way: str) -> None:
    _load(tmp_path, AMBER)
    contender = Contender.objects.get()
    before = _entry(contender)
    if way == "command":
        call_command("reveal_contender", "model-x", stdout=StringIO())
    else:
        _load(tmp_path, AMBER.replace(", codename: Amber", ""))
    contender.refresh_from_db()
    assert (contender.is_withheld, contender.shown_name) == (False, "Model X")
    entry = _entry(contender)
    assert (entry["state"], entry["commitment"]) == ("revealed", before["commitment"])
    assert check_opening(entry["opening"], str(before["commitment"]))["identity"]["maker"] == "X Works"


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"name": "Model Y"}, r"name must be 'Model X' as committed under the codename; got 'Model Y'"),
        ({"maker": "Y Works"}, "maker must be 'X Works' as committed"),
        ({"generator": "folder"}, "generator must be 'toy-world' as committed"),
        ({"settings": {"flaw": "stutter"}}, "settings must be {'flaw': 'none'} as committed"),
    ],
)
def test_a_contender_that_is_not_what_was_committed_is_not_revealed(
    change: dict[str, object], refusal: str
) -> None:
    _amber()
    Contender.objects.update(**change)
    with pytest.raises(CommandError, match=refusal):
        call_command("reveal_contender", "model-x")
    assert Commitment.objects.get().revealed_at is None
    assert Contender.objects.get().is_withheld


def test_a_forged_opening_is_refused(tmp_path: Path) -> None:
    contender = _amber()
    commitment = contender.commitment
    commitment.opening = commitment.opening.replace("Model X", "Model Y")
    commitment.save()
    Contender.objects.update(name="Model Y")
    with pytest.raises(ForgedOpening, match="opening must have the committed hash"):
        reveal(Contender.objects.get())


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        (AMBER.replace("Model X", "Model Y"), "name must be 'Model X' as committed"),
        (AMBER.replace("Amber", "Birch"), "codename must stay 'Amber' until the reveal; got 'Birch'"),
        (
            AMBER.replace("Model X", "Model Y").replace(", codename: Amber", ""),
            "name must be 'Model X' as committed",
        ),
    ],
)
def test_a_file_that_changes_a_hidden_contender_is_refused(tmp_path: Path, line: str, refusal: str) -> None:
    _load(tmp_path, AMBER)
    with pytest.raises(FileError, match=refusal):
        _load(tmp_path, line)
    assert Contender.objects.get().name == "Model X"
    assert Contender.objects.get().is_withheld


def test_a_revealed_contender_never_hides_again(tmp_path: Path) -> None:
    _load(tmp_path, AMBER)
    reveal(Contender.objects.get())
    with pytest.raises(FileError, match="codename must be left out, since 'model-x' was revealed"):
        _load(tmp_path, AMBER)
    with pytest.raises(CommitmentRefused, match="must be hidden to be revealed"):
        reveal(Contender.objects.get())
    with pytest.raises(CommitmentRefused, match="must be hidden to be withdrawn; it is revealed"):
        withdraw(Contender.objects.get())


def test_a_contender_without_a_codename_has_nothing_to_reveal_or_withdraw() -> None:
    make_contender("open")
    for command in ("reveal_contender", "withdraw_contender"):
        with pytest.raises(CommandError, match="'open' must have been entered under a codename"):
            call_command(command, "open")
        with pytest.raises(CommandError, match="Unknown contender 'nobody'"):
            call_command(command, "nobody")


def test_a_maker_has_few_hidden_contenders_and_withdrawn_ones_count(settings: Settings) -> None:
    settings.HIDDEN_MOST_CONTENDERS = 2
    first = _amber("one")
    withdraw(_amber("two", maker="x works"))
    _amber("other", maker="Y Works")
    with pytest.raises(CommitmentRefused, match="X Works must have at most 2 contenders that were never rev"):
        _amber("three")
    reveal(first)
    Contender.objects.filter(slug="three").delete()
    _amber("three")


def test_a_file_with_too_many_hidden_contenders_loads_nothing(tmp_path: Path, settings: Settings) -> None:
    settings.HIDDEN_MOST_CONTENDERS = 1
    with pytest.raises(FileError, match=r"contenders\.yaml:3: contenders\.1\.contender: X Works must have"):
        _load(tmp_path, AMBER, AMBER.replace("model-x", "model-y"))
    assert not Contender.objects.exists()


def test_caps_are_fixed_at_entry_by_site_or_contender(tmp_path: Path, settings: Settings) -> None:
    settings.HIDDEN_MOST_VOTES, settings.HIDDEN_MOST_DAYS = 900, 30
    _load(tmp_path, AMBER, f"{AMBER.replace('model-x', 'model-y')}, hidden_votes: 50, hidden_days: 2")
    by_site, own = Commitment.objects.order_by("pk")
    assert [each.most_votes for each in (by_site, own)] == [900, 50]
    assert [(each.until - each.committed_at).days for each in (by_site, own)] == [30, 2]
    with pytest.raises(
        FileError, match="hidden_votes must be above 0 and at most 900, the site's cap; got 9"
    ):
        _load(tmp_path, f"{AMBER.replace('model-x', 'model-z')}, hidden_votes: 901")


def test_states_follow_from_what_happened() -> None:
    contender = _amber()
    commitment = contender.commitment
    assert commitment.state == "hidden"
    commitment.votes = commitment.most_votes
    assert commitment.state == "ended"
    commitment.votes, commitment.until = 0, timezone.now()
    assert commitment.state == "ended"
    assert withdraw(contender).state == "withdrawn"
    assert reveal(contender).state == "revealed"


def test_a_commitment_outlives_attempts_to_delete_its_contender() -> None:
    contender = _amber()
    with pytest.raises(Exception, match="protected"):
        contender.delete()


def test_verify_reveal_checks_all_or_one_file(tmp_path: Path) -> None:
    contender = _amber()
    kept = contender.commitment.digest
    reveal(contender)
    out = StringIO()
    call_command("verify_reveal", stdout=out)
    assert "Amber is Model X: as committed.\n1 reveals verified." in out.getvalue()
    file = write_file(tmp_path / "amber.json", json.dumps(_entry(contender)))
    call_command("verify_reveal", str(file), f"--commitment={kept}", stdout=out)
    assert "Amber is Model X by X Works." in out.getvalue()
    Contender.objects.update(name="Model Z")
    with pytest.raises(CommandError, match="name must be 'Model X' as committed"):
        call_command("verify_reveal")


@pytest.mark.parametrize(
    ("forge", "refusal"),
    [
        (lambda entry: entry["opening"]["identity"].update(name="Other"), "must have the committed hash"),
        (lambda entry: entry["opening"].pop("nonce"), "opening must have identity, version, settings and"),
        (lambda entry: entry.update(opening=None), "opening must have identity, version, settings and"),
    ],
)
def test_verify_reveal_refuses_a_forged_file(tmp_path: Path, forge: object, refusal: str) -> None:
    contender = _amber()
    reveal(contender)
    entry = _entry(contender)
    forge(entry)  # type: ignore[operator]  # one of the functions above
    with pytest.raises(CommandError, match=refusal):
        call_command("verify_reveal", str(write_file(tmp_path / "amber.json", json.dumps(entry))))


@pytest.mark.parametrize("text", ["no JSON", "[]"])
def test_verify_reveal_refuses_a_file_that_is_none(tmp_path: Path, text: str) -> None:
    with pytest.raises(CommandError, match="file must be a JSON document of an arena"):
        call_command("verify_reveal", str(write_file(tmp_path / "amber.json", text)))


def test_the_documented_script_agrees(tmp_path: Path) -> None:
    contender = make_contender("model-ü", name="Mödel 模型", maker="X", codename="Amber")
    kept = commit(contender, "1").digest
    reveal(contender)
    script = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "anonymous.md").read_text(), re.DOTALL)[0]
    assert len(script.split("\n\n")[-1].splitlines()) + 1 == 5  # and the imports
    file = write_file(tmp_path / "amber.json", json.dumps(_entry(contender), ensure_ascii=False))
    for digest, said in ((kept, "as committed"), ("0" * 64, "forged")):
        ran = subprocess.run(
            [sys.executable, "-c", script, str(file), digest], capture_output=True, text=True, check=True
        )
        assert ran.stdout.startswith(said)
