"""A site in production settings for load tests: a database, gunicorn, and the processor time they use."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.request import urlopen

from tests.factories_serving import ROOT, environment, gunicorn
from tests.servers.postgres import Postgres

CONFIG = "python:arena.gunicorn_conf"
TICKS = os.sysconf("SC_CLK_TCK")


class Processor(NamedTuple):
    """Processor time in seconds since some processes began, their ended children included."""

    web: float
    database: float

    def since(self, before: Processor) -> Processor:
        """Return the time used since an earlier reading."""
        return Processor(self.web - before.web, self.database - before.database)


class Site:
    """Folder and database of a site; servers run on them as long as their blocks last."""

    def __init__(self, folder: Path, database: Postgres | None) -> None:
        """Take an empty folder, and a started PostgreSQL; None stands for SQLite."""
        self.folder = folder
        self.database = database
        given = {} if database is None else {"DATABASE_URL": database.url}
        self.environment = environment(
            folder / "site",
            PADDOCK_ENVIRONMENT="production",
            SECRET_KEY="a key for load tests " * 3,
            ALLOWED_HOSTS="127.0.0.1",
            SECURE_SSL_REDIRECT="0",
            WATCHING_REQUIRED="0",
            ANSWERS_PER_MINUTE="1000000",
            ANSWERS_PER_MINUTE_AND_ADDRESS="1000000",
            NEW_RATERS_PER_HOUR_AND_ADDRESS="1000000",
            WEB_CONCURRENCY="2",
            PYTHONWARNINGS="ignore",
            **given,
        )

    @property
    def name(self) -> str:
        """Name of the database."""
        return "SQLite" if self.database is None else "PostgreSQL"

    def python(self, *arguments: str) -> str:
        """Run Python with the site's environment; return what it printed."""
        done = subprocess.run(
            [sys.executable, *arguments], env=self.environment, cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def prepare(self, *options: str) -> None:
        """Make the study of `tests.load.data`, and collect static files."""
        self.python("-m", "tests.load.data", *options)
        self.python("manage.py", "collectstatic", "--noinput", "-v0")

    @contextmanager
    def served(self, application: str = "arena.wsgi") -> Iterator[Served]:
        """Serve an application with gunicorn as documented: 2 workers with 4 threads each."""
        with gunicorn(application, CONFIG, self.environment) as (port, master):
            for _ in range(8):  # until both workers have loaded the application
                urlopen(f"http://127.0.0.1:{port}/", timeout=120).close()
            yield Served(port, master, self.database)


class Served(NamedTuple):
    """A running web server, and the database behind it."""

    port: int
    master: subprocess.Popen[bytes]
    database: Postgres | None

    @property
    def workers(self) -> list[int]:
        """Process ids of the workers."""
        return _children(self.master.pid)

    def processor(self) -> Processor:
        """Return the processor time so far."""
        web = sum(map(_seconds, [self.master.pid, *self.workers]))
        if self.database is None:
            return Processor(web, 0.0)
        postmaster = self.database.pid
        return Processor(web, sum(map(_seconds, [postmaster, *_children(postmaster)])))


@contextmanager
def new_site(kind: str) -> Iterator[Site]:
    """Make a site without data in a folder of its own, on `sqlite` or on a `postgresql` of its own."""
    with TemporaryDirectory() as made, ExitStack() as stack:
        folder = Path(made)
        folder.chmod(0o755)  # PostgreSQL has a user of its own under root
        database = None
        if kind == "postgresql":
            (folder / "database").mkdir()
            database = Postgres(folder / "database")
            stack.callback(database.close)
            database.start()
        yield Site(folder, database)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _seconds(pid: int) -> float:
    """Return the processor time of a process and its ended children; 0 if it has ended itself."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS
