from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from arena.runs.features import measure_rendition, unmeasured


class Command(BaseCommand):
    help = "Measure loudness and motion of clips that were made before these were recorded."

    def handle(self, **_: object) -> None:
        done, lost = 0, []
        for key in list(unmeasured().order_by("pk").values_list("pk", flat=True)):
            rendition = unmeasured().get(pk=key)
            try:
                measure_rendition(rendition)
                done += 1
            except FileNotFoundError:
                lost.append(rendition.name)
        self.stdout.write(f"Measured {done} clips.")
        if lost:
            raise CommandError(
                f"{len(lost)} clips have no file in the storage, such as {lost[0]}. "
                "Restore them from a backup."
            )
