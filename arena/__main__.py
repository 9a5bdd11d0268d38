"""Paddock's command line: `paddock demo`, or `python manage.py demo` in a checkout."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError
from environs import EnvError


def main() -> None:
    """Run the management command that the arguments name."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arena.settings")
    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, EnvError) as error:
        sys.exit(f"The settings are wrong: {error}")
    except (OperationalError, ProgrammingError):
        if not _database_is_behind():
            raise
        sys.exit(f"The database lacks tables or columns of this version. Add them: {_program()} migrate")


def _database_is_behind() -> bool:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _program() -> str:
    name = Path(sys.argv[0]).name
    return "python manage.py" if name == "manage.py" else "paddock"


if __name__ == "__main__":
    main()
