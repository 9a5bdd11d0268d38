from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from arena.media.intake import UnusableMedia
from arena.media.normalise import LeakyRendition
from arena.runs.variants import add_variants, without_variants
from arena.terminal import counting


class Command(BaseCommand):
    help = "Make the variants of renditions that have none, such as those of an earlier version."

    def handle(self, **_: object) -> None:
        if not settings.RENDITION_VARIANTS:
            raise CommandError("RENDITION_VARIANTS must be at least 1; got 0. Leave it out for the default.")
        missing = without_variants()
        number, done = missing.count(), 0
        with counting("Variants of renditions", number, Console()) as show:
            try:
                for done, _rendition in enumerate(add_variants(missing), start=1):
                    show(done)
            except (UnusableMedia, LeakyRendition, OSError) as error:
                raise CommandError(f"{done} of {number} renditions have variants now. {error}") from error
            except KeyboardInterrupt:
                raise CommandError(
                    f"{done} of {number} renditions have variants now. Go on with: manage.py make_variants"
                ) from None
        self.stdout.write(f"{done} renditions have variants now. Running servers show them within a minute.")
