from __future__ import annotations

from django.core.management.base import BaseCommand

from arena.runs.clip_settings import ClipSettings
from arena.voting.listing import Listed, listed_studies

HINT = "its slug can't stand in an address. Change it: manage.py rename_study '{slug}' --slug NEW"


class Command(BaseCommand):
    help = "List the studies with state, votes, contenders and clip settings."

    def handle(self, **options: object) -> None:
        for listed in listed_studies():
            self.stdout.write(_line(listed))


def _line(listed: Listed) -> str:
    study = listed.study
    clips = "; ".join(f"{settings['track']} {ClipSettings.of(settings)}" for settings in study.clip_settings)
    parts = [
        study.slug,
        study.state,
        *(["simulated"] if study.simulated else []),
        f"{listed.votes} votes",
        f"{listed.contenders} contenders",
        clips or "no clips",
        f"“{study.title}”",
        *([] if study.has_address else [HINT.format(slug=study.slug)]),
    ]
    return "  ".join(parts)
