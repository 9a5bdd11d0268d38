"""Sets up a database that is new, so that the first command of all needs none before it."""

from __future__ import annotations

from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder


def set_up_new_database() -> bool:
    """Make the tables of a database that has none, and return whether it did."""
    if MigrationRecorder(connection).applied_migrations():
        return False
    call_command("migrate", verbosity=0)
    return True
