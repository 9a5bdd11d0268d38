from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.runs.models import Rendition
from arena.voting.broken_files import find_fault, restore, retire, retire_twins
from arena.voting.controls.models import Twin
from arena.voting.pairing.units import study_jobs
from arena.voting.studies import UnknownStudy, find_study


class Command(BaseCommand):
    help = (
        "Read every clip that raters are shown. Take those whose file is missing or damaged out of play, put "
        "restored ones back, retire broken twins, and exit 1 if any is broken."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", nargs="?", help="check the clips of this study alone")

    def handle(self, *, study: str | None, **options: object) -> None:
        renditions, twins = Rendition.objects.order_by("pk"), Twin.objects.in_use().order_by("pk")
        try:
            if study:
                jobs = study_jobs(find_study(study))
                renditions = renditions.filter(clip__job__in=jobs)
                twins = twins.filter(rendition__clip__job__in=jobs)
            checked = renditions.count() + twins.count()
            broken = sum(self._check(rendition) for rendition in renditions.iterator())
            broken += sum(self._check_twin(twin) for twin in twins)
        except UnknownStudy as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The storage must respond; it didn't: {error}. Try again.") from error
        if broken:
            raise CommandError(f"{broken} of {checked} clips are broken, and are not shown.")
        self.stdout.write(f"{checked} clips are whole.")

    def _check(self, rendition: Rendition) -> bool:
        fault = find_fault(rendition)
        if not fault:
            if restore(rendition):
                self.stdout.write(f"{rendition.name}: whole again, and back in play")
            return False
        for line in retire([rendition], fault):
            self.stderr.write(line)
        return True

    def _check_twin(self, twin: Twin) -> bool:
        fault = find_fault(twin)
        if not fault:
            return False
        for line in retire_twins([twin], fault):
            self.stderr.write(line)
        return True
