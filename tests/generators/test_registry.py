from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from generators import registry
from generators.base import Request, Track, file_sha256
from generators.choices import SettingsError
from generators.toyworld.generator import ToyWorld


@pytest.fixture
def third_party(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package that offers the toy world under its own name."""
    module = ModuleType("third_party")
    module.make = ToyWorld  # type: ignore[attr-defined]  # a module made for this test
    monkeypatch.setitem(sys.modules, "third_party", module)
    _install(monkeypatch, "their-model", "third_party:make")


def _install(monkeypatch: pytest.MonkeyPatch, name: str, target: str) -> None:
    found = EntryPoints([EntryPoint(name, target, registry.GROUP)])
    monkeypatch.setattr(registry, "entry_points", lambda group: found.select(group=group))


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(registry.UnknownGeneratorError, match=r"'toyworld'\. Known: .*toy-world"):
        registry.create("toyworld", {})


def test_a_third_party_cannot_take_a_name_over(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, "toy-world", "impostor:Generator")
    with pytest.raises(ValueError, match=r"Two generators are called 'toy-world': .*impostor:Generator"):
        registry.names()


@pytest.mark.parametrize("name", ["toy-world", "happyhorse", "happyhorse-toy"])
def test_being_created_imports_nothing_heavy(name: str) -> None:
    code = (
        f"import sys; from generators import registry; registry.names(); registry.create({name!r}, {{}});"
        "print([name for name in ('torch', 'diffusers', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_generators_of_this_tree_are_created_by_name() -> None:
    generator = registry.create("toy-world", {"flaw": "stutter"})
    assert (generator.name, generator.settings) == ("toy-world", {"flaw": "stutter"})


def test_all_generators_of_this_tree_can_be_loaded() -> None:
    for entry in registry.IN_TREE:
        assert entry.load().name == entry.name


@pytest.mark.usefixtures("third_party")
def test_generators_of_other_packages_are_created_by_name() -> None:
    assert "their-model" in registry.names()
    assert registry.create("their-model", {"flaw": "none"}).settings == {"flaw": "none"}


def test_names_are_sorted() -> None:
    assert list(registry.names()) == sorted(registry.names())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"flow": "none"}, "toy-world has no setting 'flow'. Its settings: flaw."),
        (
            {"flaw": "late"},
            "toy-world: 'flaw' can't be 'late'. Allowed: none, late-sound, stutter, wrong-attributes.",
        ),
        (
            {"flaw": 3},
            "toy-world: 'flaw' can't be 3. Allowed: none, late-sound, stutter, wrong-attributes.",
        ),
    ],
)
def test_wrong_settings_are_named_with_what_is_allowed(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        registry.create("toy-world", settings)
    assert str(caught.value) == message


THEIRS = """
import shutil
from generators.base import *

class Theirs:
    name, version, tracks, settings = "theirs", "1", frozenset(TRACKS), {}

    def generate(self, request, out_dir):
        out_dir.mkdir(parents=True, exist_ok=True)
        path = out_dir / "clip.mp4"
        path.write_bytes(b"clip")
        origin = Provenance(
            "theirs", "1", self.settings, request, request.seed, {}, None, None, 0.1, {}, file_sha256(path)
        )
        return Result(path, origin)
"""


def test_a_generator_of_another_package_needs_nothing_but_the_base(tmp_path: Path) -> None:
    module: dict[str, Any] = {}
    exec(THEIRS, module)
    request = Request(
        prompt_id="p",
        prompt="A ball.",
        seed=3,
        track=Track.T2V_AUDIO,
        duration_s=1,
        width=64,
        height=64,
        fps=8,
    )
    result = module["Theirs"]().generate(request, tmp_path)
    assert result.provenance.sha256 == file_sha256(tmp_path / "clip.mp4")
    assert set(module["TRACKS"]) == set(Track)
