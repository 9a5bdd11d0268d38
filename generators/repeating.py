"""Generators that make the same bytes again, and what has changed where they would not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from generators.base import Generator
from generators.delivery import library_versions


@runtime_checkable
class Repeatable(Protocol):
    """Generator whose clips depend on settings, request, library versions and the machine alone."""

    def machine(self) -> Mapping[str, object]:
        """Return the machine's facts on which bytes depend, under their names in a clip's `resolved`.

        Raises:
            GenerationError: The machine lacks what the settings ask for.
        """
        ...


def describe_changes(generator: Generator, provenance: Mapping[str, Any]) -> list[str]:
    """Return what has changed since a clip was made, such as "av 17.0.1, here 18.1.0".

    Args:
        generator: The clip's generator, created anew.
        provenance: The clip's record of origin.

    Raises:
        GenerationError: The machine lacks what the settings ask for.
    """
    then: Mapping[str, object] = {
        "version": provenance["generator_version"],
        **provenance["library_versions"],
    }
    here: Mapping[str, object] = {
        "version": generator.version,
        **library_versions(provenance["library_versions"]),
    }
    if then == here and isinstance(generator, Repeatable):
        here = generator.machine()  # it may need the libraries
        then = {name: provenance["resolved"].get(name) for name in here}
    return [
        f"{name} {value}, here {here.get(name, 'none')}"
        for name, value in sorted(then.items())
        if here.get(name) != value
    ]
