from __future__ import annotations

import os
import subprocess
import sys
from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from arena.database import set_up_new_database
from arena.serving import CantServe, addresses, refuse_busy_port, secret_key_in, shown_host
from arena.voting.listing import presentable
from arena.voting.models import Study


class Command(BaseCommand):
    help = (
        "Serve the arena to a lab's network as in production, with gunicorn and collected static files. "
        "It speaks plain HTTP: outside a trusted network, put a TLS proxy in front."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="0.0.0.0", help="address to listen on (default: all)")  # noqa: S104
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *, host: str, port: int, **options: object) -> None:
        """Check port, database and settings, collect static files, print addresses, start the server."""
        try:
            refuse_busy_port(host, port)
        except CantServe as error:
            raise CommandError(f"{error} Take another by --port.") from error
        try:
            self._check_database()
            environment = serving_environment(host)
        except CantServe as error:
            raise CommandError(str(error)) from error
        collect = [sys.executable, "-m", "django", "collectstatic", "--no-input", "--verbosity=0"]
        if subprocess.run(collect, env=environment, check=False, cwd=settings.BASE_DIR).returncode:  # noqa: S603
            raise CommandError("The static files can't be collected. The lines above say why.")
        self._tell_addresses(host, port)
        bind = ["--bind", f"{shown_host(host)}:{port}", "--log-level", "warning"]
        command = [sys.executable, "-m", "gunicorn", "-c", "python:arena.gunicorn_conf", "arena.wsgi", *bind]
        os.chdir(settings.BASE_DIR)
        os.execve(sys.executable, command, environment)  # noqa: S606 - our own arguments

    def _check_database(self) -> None:
        if set_up_new_database():
            self.stdout.write("Set up a new database.")
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CantServe(
                "The database lacks tables or columns of this version. Add them: manage.py migrate"
            )

    def _tell_addresses(self, host: str, port: int) -> None:
        known = addresses(host)
        for address in known:
            self.stdout.write(f"http://{shown_host(address)}:{port}/")
        for study in presentable(
            Study.objects.filter(is_open=True, simulated=False, terms__admission__isnull=True)
        ):
            link = reverse("start", args=[study.slug])
            self.stdout.write(f"“{study.title}”: http://{shown_host(known[0])}:{port}{link}")
        self.stdout.write("Ctrl-C stops the server.")
        self.stdout.flush()


def serving_environment(host: str) -> dict[str, str]:
    """Return the server's environment, in which variables that are set already keep their values."""
    given = os.environ
    hosts = [*(shown_host(address) for address in addresses(host)), "localhost"]
    own_hosts = [name for name in given.get("ALLOWED_HOSTS", "").split(",") if name]
    return {
        **given,
        "DJANGO_SETTINGS_MODULE": "arena.settings",
        "PADDOCK_ENVIRONMENT": "production",
        "SECRET_KEY": given.get("SECRET_KEY") or secret_key_in(settings.DATA_DIR),
        "ALLOWED_HOSTS": ",".join(dict.fromkeys([*own_hosts, *hosts])),
        "SECURE_SSL_REDIRECT": given.get("SECURE_SSL_REDIRECT", "0"),
        "DATA_DIR": str(settings.DATA_DIR.resolve()),
    }
