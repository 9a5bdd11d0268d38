"""Votes, exclusions and ledger entries are written once: the database itself refuses to edit them.

PostgreSQL refuses to delete them, too. SQLite can't: there tests empty tables by DELETE, row by row, and a
trigger can't tell that from tampering. `manage.py verify_ledger` finds what was deleted on either.

SQLite drops a table's triggers whenever a migration alters the table, because Django then builds it anew: such
a migration has to run `protect` again. A test of each table reminds of it.
"""

from django.db import migrations

TABLES = ("voting_vote", "voting_exclusion", "voting_ledgerentry")

SQLITE = """
CREATE TRIGGER {table}_written_once BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""
POSTGRESQL = (
    """
CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
""",
    """
CREATE TRIGGER {table}_written_once BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION {table}_refuse()
""",
)
PROTECT = {"sqlite": (SQLITE,), "postgresql": POSTGRESQL}
UNPROTECT = {
    "sqlite": ("DROP TRIGGER IF EXISTS {table}_written_once",),
    "postgresql": (
        "DROP TRIGGER IF EXISTS {table}_written_once ON {table}",
        "DROP FUNCTION IF EXISTS {table}_refuse()",
    ),
}


def protect(apps, schema_editor):
    _execute(PROTECT, schema_editor)


def unprotect(apps, schema_editor):
    _execute(UNPROTECT, schema_editor)


def _execute(statements, schema_editor):
    for table in TABLES:
        for statement in statements[schema_editor.connection.vendor]:
            schema_editor.execute(statement.format(table=table))


class Migration(migrations.Migration):
    dependencies = [("voting", "0001_initial")]
    operations = [migrations.RunPython(protect, unprotect)]
