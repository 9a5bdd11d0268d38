from __future__ import annotations

import os
import socket
import sys
from argparse import ArgumentParser
from collections.abc import Sequence

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from analysis.terminal import print_board
from arena.catalog.contenders import load_contenders
from arena.catalog.models import Contender, Suite
from arena.catalog.suites import load_suite
from arena.catalog.tracks import Track
from arena.production.management.commands.run_suite import failures, produce_with_progress
from arena.production.models import Job, Run
from arena.production.runs import ClipSettings, plan_run
from arena.standings.boards import current_standing
from arena.voting.management.commands.simulate_votes import simulate_with_progress
from arena.voting.models import Study, Vote
from arena.voting.studies import create_study

SUITES = settings.BASE_DIR / "suites"
TRACK = Track.T2V_AUDIO
CLIP_SETTINGS = ClipSettings(duration_s=2.0, width=512, height=512, fps=16)
"""What the small HappyHorse makes, so that length and frame rate give nobody away."""


class Command(BaseCommand):
    help = "Set up the demo: contenders, suite, clips, studies; then serve it. What is done already stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--votes", type=int, default=0, help="have so many simulated votes cast")
        parser.add_argument("--no-serve", action="store_true", help="stop after the clips and votes")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *, votes: int, no_serve: bool, port: int, **options: object) -> None:
        """Steps: database, catalogue, clips, studies, simulated votes, server."""
        if not no_serve:
            _refuse_busy_port(port)
        console = Console()
        call_command("migrate", verbosity=0)
        contenders = [found for found, _ in load_contenders(path=SUITES / "toy-world.contenders.yaml")]
        suite, _ = load_suite(path=SUITES / "toy-world.yaml")
        run = _make_clips(suite, contenders, console)
        _create_demo_study(run, contenders, simulated=False)
        if votes:
            _simulate(_create_demo_study(run, contenders, simulated=True), votes, console)
        if not no_serve:
            _serve(port, console)


def _make_clips(suite: Suite, contenders: Sequence[Contender], console: Console) -> Run:
    run = plan_run(suite=suite, contenders=contenders, seeds=[], track=TRACK, clip_settings=CLIP_SETTINGS)
    states = produce_with_progress(run, workers=os.cpu_count() or 1, console=console)
    if states[Job.State.FAILED]:
        raise CommandError(failures(run))
    return run


def _create_demo_study(run: Run, contenders: Sequence[Contender], *, simulated: bool) -> Study:
    study, _ = create_study(
        slug="demo-simulated" if simulated else "demo",
        title="Bouncing shapes, simulated raters" if simulated else "Bouncing shapes",
        tracks=[TRACK],
        suites=[run.suite],
        contenders=contenders,
        runs=[run],
        simulated=simulated,
    )
    return study


def _simulate(study: Study, votes: int, console: Console) -> None:
    cast = Vote.objects.filter(ballot__study=study).count()
    if cast < votes:
        simulate_with_progress(study, votes=votes - cast, seed=cast, console=console)
    standing = current_standing(study=study, track=TRACK)
    if standing.board is None:
        console.print(standing.missing, standing.culprits)
    else:
        print_board(standing.board, console, f"{study.title} ({standing.votes} simulated votes)")


def _refuse_busy_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise CommandError(
                f"Port {port} can't be used ({error}). Take another: make demo PORT=8001"
            ) from error


def _serve(port: int, console: Console) -> None:
    console.print(f"\nThe arena is open: [bold]http://127.0.0.1:{port}/[/bold]  (Ctrl-C closes it)")
    address = f"127.0.0.1:{port}"
    quiet = ["--log-level", "warning", "--no-control-socket"]
    command = ["-m", "gunicorn", "arena.wsgi", "--bind", address, "--threads", "8", *quiet]
    os.execv(sys.executable, [sys.executable, *command])  # noqa: S606 - no shell, our own arguments
