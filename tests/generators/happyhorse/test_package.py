from __future__ import annotations

import subprocess
import sys

import generators.happyhorse


def test_the_registry_and_the_package_import_no_torch() -> None:
    code = (
        "import sys, generators.happyhorse, generators.registry as registry; registry.names(); "
        "print([name for name in ('torch', 'diffusers', 'transformers') if name in sys.modules])"
    )

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed == "[]\n"


def test_the_network_and_samplers_import_neither_diffusers_nor_transformers() -> None:
    code = (
        "import sys; "
        "from generators.happyhorse.commands import info; "
        "from generators.happyhorse.network import transformer; "
        "from generators.happyhorse.sampling import samplers, super_resolution; "
        "from generators.happyhorse.weights import checkpoint; "
        "print([name for name in ('diffusers', 'transformers') if name in sys.modules])"
    )

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed == "[]\n"


def test_public_names_are_found_and_others_are_not() -> None:
    assert all(hasattr(generators.happyhorse, name) for name in generators.happyhorse.__all__)
    assert not hasattr(generators.happyhorse, "load_model")
