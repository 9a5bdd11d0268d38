from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.runs.resolving import CantResolve, deny_job, name_job


class Command(BaseCommand):
    help = "Settle a job of unknown outcome, after a look at the provider's own list."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("job", type=int, help="number of the job, as run_suite names it")
        found = parser.add_mutually_exclusive_group(required=True)
        found.add_argument("--request-id", metavar="ID", help="the provider has the job, under this id")
        found.add_argument("--failed", action="store_true", help="the provider has no such job")

    def handle(self, *, job: int, request_id: str | None, failed: bool, **_: object) -> None:
        try:
            if failed:
                deny_job(job_id=job)
                self.stdout.write(f"Job {job} has failed and cost nothing. --retry-failed submits it again.")
            else:
                name_job(job_id=job, request_id=request_id or "")
                self.stdout.write(f"Job {job} is queued as {request_id}. Start its run again for the clip.")
        except CantResolve as error:
            raise CommandError(str(error)) from error
