from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class VotingConfig(AppConfig):
    name = "arena.voting"
    label = "voting"

    def ready(self) -> None:
        """Register the models that stand beside the rules over them."""
        import_module("arena.voting.tally_sheets")
        import_module("arena.voting.admission.models")
        import_module("arena.voting.controls.models")
        import_module("arena.voting.limits")
        import_module("arena.voting.origins")
        import_module("arena.voting.pairing.models")
        import_module("arena.voting.way.models")
