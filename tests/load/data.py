"""`python -m tests.load.data`: make a study for load tests, with a file for each clip.

The files are random bytes: a server never looks into them.
"""

from __future__ import annotations

import argparse
import hashlib
from random import Random

import django

STUDY = "load"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contenders", type=int, default=8)
    parser.add_argument("--prompts", type=int, default=24)
    parser.add_argument("--clip-kib", type=int, default=256, help="mean size of a clip")
    options = parser.parse_args()
    django.setup()
    from django.core.management import call_command

    from tests.benchmarks.ballots import Size, make_study

    call_command("migrate", verbosity=0)
    make_study(Size(STUDY, options.contenders, options.prompts, 1, 0, 1))
    _write_files(1024 * options.clip_kib)


def _write_files(mean_bytes: int) -> None:
    from django.core.files.base import ContentFile
    from django.core.files.storage import storages

    from arena.media.storage import StoredFile
    from arena.runs.models import Rendition

    random = Random(STUDY)
    for row in Rendition.objects.all():
        content = random.randbytes(random.randrange(mean_bytes // 2, 3 * mean_bytes // 2))
        row.sha256, row.size_bytes = hashlib.sha256(content).hexdigest(), len(content)
        row.name = StoredFile.named(row.sha256, row.size_bytes, "mp4").name
        storages["renditions"].save(row.name, ContentFile(content))
        row.save()


if __name__ == "__main__":
    main()
