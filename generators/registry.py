"""Find generators by name: those of this tree, and third-party ones through entry points.

A third party adds one in its own pyproject.toml; the target is called with the settings:

    [project.entry-points."paddock.generators"]
    my-model = "my_package.generator:MyGenerator"
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from generators.base import Generator
from generators.schema import Setting

GROUP = "paddock.generators"

# Named by string, so that listing the names imports no generator and none of what it needs.
IN_TREE = (
    EntryPoint("diffusers", "generators.adapters.diffusers_generator:Diffusers", GROUP),
    EntryPoint("fal", "generators.adapters.fal:Fal", GROUP),
    EntryPoint("folder", "generators.folder:Folder", GROUP),
    EntryPoint("gemini", "generators.adapters.gemini:Gemini", GROUP),
    EntryPoint("happyhorse", "generators.happyhorse.generator:HappyHorse", GROUP),
    EntryPoint("happyhorse-toy", "generators.happyhorse.generator:ToyHappyHorse", GROUP),
    EntryPoint("kling", "generators.adapters.kling:Kling", GROUP),
    EntryPoint("minimax", "generators.adapters.minimax:MiniMax", GROUP),
    EntryPoint("model-studio", "generators.adapters.model_studio:ModelStudio", GROUP),
    EntryPoint("modelark", "generators.adapters.modelark:ModelArk", GROUP),
    EntryPoint("replicate", "generators.adapters.replicate:Replicate", GROUP),
    EntryPoint("runway", "generators.adapters.runway:Runway", GROUP),
    EntryPoint("toy-world", "generators.toyworld.generator:ToyWorld", GROUP),
    EntryPoint("xai", "generators.adapters.xai:Xai", GROUP),
)

Factory = Callable[[Mapping[str, object]], Generator]


class UnknownGeneratorError(LookupError):
    """Name of no known generator."""


def create(name: str, settings: Mapping[str, object]) -> Generator:
    """Make a generator with fixed settings.

    Raises:
        UnknownGeneratorError: The name is neither in this tree nor installed.
        SettingsError: A setting is unknown or its value is not allowed.
    """
    known = _by_name()
    if name not in known:
        raise UnknownGeneratorError(
            f"Unknown generator {name!r}. Known: {', '.join(known)}. "
            f"Packages add more through the entry point group {GROUP!r}."
        )
    return cast(Factory, known[name].load())(settings)


def path_settings(name: str) -> frozenset[str]:
    """Return the names of a generator's settings that are paths, relative to the file that has them."""
    known = _by_name()
    return frozenset(getattr(known[name].load(), "path_settings", ())) if name in known else frozenset()


def has_method(name: str, method: str) -> bool:
    """Whether generators of a name have a method; none is made for this.

    Raises:
        UnknownGeneratorError: The name is neither in this tree nor installed.
    """
    known = _by_name()
    if name not in known:
        raise UnknownGeneratorError(f"Unknown generator {name!r}. Known: {', '.join(known)}.")
    return callable(getattr(known[name].load(), method, None))


def is_light(name: str) -> bool:
    """Whether generators of a name run no model, so that they need no accelerator.

    Raises:
        UnknownGeneratorError: The name is neither in this tree nor installed.
    """
    known = _by_name()
    if name not in known:
        raise UnknownGeneratorError(f"Unknown generator {name!r}. Known: {', '.join(known)}.")
    return bool(getattr(known[name].load(), "is_light", False))


def settings_schema(name: str) -> tuple[Setting, ...] | None:
    """Return what generators of a name can be set to, or None where a third party's doesn't say.

    Raises:
        UnknownGeneratorError: The name is neither in this tree nor installed.
    """
    known = _by_name()
    if name not in known:
        raise UnknownGeneratorError(f"Unknown generator {name!r}. Known: {', '.join(known)}.")
    schema = getattr(known[name].load(), "settings_schema", None)
    return cast("tuple[Setting, ...]", schema()) if callable(schema) else None


def names() -> tuple[str, ...]:
    """Return the names that `create` knows, in alphabetical order."""
    return tuple(_by_name())


def _by_name() -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for entry in (*IN_TREE, *entry_points(group=GROUP)):
        other = found.setdefault(entry.name, entry)
        if other.value != entry.value:
            raise ValueError(
                f"Two generators are called {entry.name!r}: {other.value} and {entry.value}. "
                "Uninstall the package that brings one of them."
            )
    return dict(sorted(found.items()))
