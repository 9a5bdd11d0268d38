from __future__ import annotations

import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from importlib.util import find_spec

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from analysis.terminal import print_board
from arena.catalog import bundled
from arena.catalog.contenders import load_contenders, read_contenders
from arena.catalog.models import Contender, Suite
from arena.catalog.suites import load_suite
from arena.demo.simulation import simulate_votes
from arena.organising.models import Role
from arena.organising.people import add_person, make_link
from arena.runs.clip_settings import ClipSettings
from arena.runs.models import Job, Run
from arena.runs.progress import produce_with_progress
from arena.runs.runs import plan_run
from arena.runs.unfinished import describe_failures
from arena.runs.variants import variants_later, without_variants
from arena.serving import CantServe, refuse_busy_port
from arena.standings.boards import current_standing
from arena.terminal import counting
from arena.voting.models import Study, Vote
from arena.voting.studies import create_study
from generators.base import Track

HAPPYHORSE = "happyhorse-toy"
WITH_TORCH = "make demo" if settings.IN_CHECKOUT else "pip install torch, and then: paddock demo"
SUITES = bundled.FOLDER
TRACK = Track.T2V_AUDIO
ORGANISER = "organiser@localhost"
LOWEST_PRIORITY = 19
CLIP_SETTINGS = ClipSettings(duration_s=2.0, width=512, height=512, fps=16)
"""Settings of the toy HappyHorse's clips, so that length and frame rate don't identify a contender."""


class Command(BaseCommand):
    help = (
        "Set up the demo's contenders, suite, clips and studies, then serve it. Finished steps are skipped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--votes", type=int, default=0, help="number of simulated votes to cast")
        parser.add_argument("--no-serve", action="store_true", help="stop after the clips and votes")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--without",
            choices=["happyhorse"],
            help="leave out the contenders that need PyTorch; the studies are then called demo-small and "
            "demo-small-simulated",
        )

    def handle(
        self, *, votes: int, no_serve: bool, port: int, without: str | None = None, **options: object
    ) -> None:
        """Set up database, catalogue, clips, studies and simulated votes; then start the server."""
        if not no_serve:
            try:
                refuse_busy_port("127.0.0.1", port)
            except CantServe as error:
                raise CommandError(f"{error} Take another: make demo PORT=8001") from error
        if not without:
            _require_torch()
        console = Console()
        call_command("migrate", verbosity=0)
        contenders = _load_demo_contenders(console, without)
        suite, _ = load_suite(path=SUITES / "toy-world.yaml")
        _refuse_earlier_demo(suite, small=bool(without))
        run = _make_clips(suite, contenders, console)
        _create_demo_study(run, contenders, small=bool(without), simulated=False)
        if votes:
            study = _create_demo_study(run, contenders, small=bool(without), simulated=True)
            _simulate(study, votes, console)
        missing = without_variants().count() if settings.RENDITION_VARIANTS else 0
        if no_serve:
            _tell_missing_variants(missing, console)
        else:
            _make_variants_meanwhile(missing, console)
            _serve(port, console)


def _require_torch() -> None:
    if find_spec("torch") is None:
        raise CommandError(
            "PyTorch must be installed for HappyHorse's contenders; got none. "
            f"Install it: {WITH_TORCH}. Or leave them out: demo --without happyhorse"
        )


def _load_demo_contenders(console: Console, without: str | None) -> list[Contender]:
    path = SUITES / "toy-world.contenders.yaml"
    loaded = [found for found, _ in load_contenders(path=path, leave_out=[HAPPYHORSE] if without else [])]
    known = read_contenders(path)
    if len(loaded) < len(known):
        console.print(
            f"{len(known) - len(loaded)} of {len(known)} contenders are left out: HappyHorse's need PyTorch. "
            f"Add them: {WITH_TORCH}"
        )
    return loaded


def _refuse_earlier_demo(suite: Suite, *, small: bool) -> None:
    """Raise CommandError before any clip is made if the demo's study was made from another suite."""
    earlier = Study.objects.filter(slug=_slug(small=small)).exclude(suites=suite).first()
    if earlier is not None:
        anew = "make clean, and then: make demo" if settings.IN_CHECKOUT else "set DATA_DIR to a new folder"
        raise CommandError(
            f"The study '{earlier.slug}' must be of the suite '{suite.name}', version {suite.version}; "
            f"got one of an earlier demo. Keep it: manage.py serve. Start anew: {anew}"
        )


def _slug(*, small: bool, simulated: bool = False) -> str:
    return "demo" + "-small" * small + "-simulated" * simulated


def _make_clips(suite: Suite, contenders: Sequence[Contender], console: Console) -> Run:
    run = plan_run(suite=suite, contenders=contenders, seeds=[], track=TRACK, clip_settings=CLIP_SETTINGS)
    with variants_later():
        states = produce_with_progress(run, workers=os.cpu_count() or 1, console=console)
    if states[Job.State.FAILED]:
        raise CommandError(describe_failures(run))
    return run


def _create_demo_study(run: Run, contenders: Sequence[Contender], *, small: bool, simulated: bool) -> Study:
    """Create or find the study; the small demo has its own, since a study's contenders are fixed."""
    study, _ = create_study(
        slug=_slug(small=small, simulated=simulated),
        title="Bouncing shapes" + ", four contenders" * small + ", simulated raters" * simulated,
        tracks=[TRACK],
        suites=[run.suite],
        contenders=contenders,
        runs=[run],
        simulated=simulated,
    )
    return study


def _simulate(study: Study, votes: int, console: Console) -> None:
    cast = Vote.objects.after_training().filter(ballot__study=study).count()
    if cast < votes:
        with counting("Simulated votes", votes - cast, console) as show:
            simulate_votes(study=study, votes=votes - cast, seed=cast, report=show)
    standing = current_standing(study=study, track=TRACK)
    if standing.board is None:
        console.print(standing.missing, standing.culprits)
    else:
        print_board(standing.board, console, f"{study.title} ({standing.votes} simulated votes)")


def _tell_missing_variants(missing: int, console: Console) -> None:
    if missing:
        console.print(f"{missing} clips have no variants yet. Make them: manage.py make_variants")


def _make_variants_meanwhile(missing: int, console: Console) -> None:
    """Start to make variants beside the server, at the lowest priority; Ctrl-C ends both."""
    if not missing:
        return
    console.print(
        f"Variants of {missing} clips are made beside the server; until then it shows the clips themselves."
    )
    command = [sys.executable, "-m", "arena", "make_variants"]
    maker = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - no shell
    os.setpriority(os.PRIO_PROCESS, maker.pid, LOWEST_PRIORITY)


def _serve(port: int, console: Console) -> None:
    console.print(f"\nThe arena is open: [bold]http://127.0.0.1:{port}/[/bold]  (Ctrl-C closes it)")
    link = make_link(add_person(email=ORGANISER, role=Role.ORGANISER))
    console.print(f"Sign in as its organiser, once: http://127.0.0.1:{port}{link}", soft_wrap=True)
    address = f"127.0.0.1:{port}"
    options = ["-c", "python:arena.gunicorn_conf", "--bind", address, "--log-level", "warning"]
    command = ["-m", "gunicorn", "arena.wsgi", *options]
    os.execv(sys.executable, [sys.executable, *command])  # noqa: S606 - no shell, our own arguments
