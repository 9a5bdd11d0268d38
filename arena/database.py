"""First set-up of the database, so that no command needs `migrate` before it."""

from __future__ import annotations

from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder


def set_up_new_database() -> bool:
    """Create the tables of a new database, and return whether it was new."""
    if MigrationRecorder(connection).applied_migrations():
        return False
    call_command("migrate", verbosity=0)
    return True
