#!/usr/bin/env python
"""Django's door: python manage.py help lists the commands."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arena.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
        from django.db import OperationalError, ProgrammingError
        from environs import EnvError
    except ImportError as error:
        sys.exit(f"{error}. Set up once, by make demo or make test, and then: . .venv/bin/activate")
    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, EnvError) as error:
        sys.exit(f"The settings are wrong: {error}")
    except (OperationalError, ProgrammingError):
        if not _database_is_behind():
            raise
        sys.exit("The database lacks tables or columns of this version. Add them: python manage.py migrate")


def _database_is_behind() -> bool:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


if __name__ == "__main__":
    main()
