"""Entries of the audit log are written once: the database itself refuses to edit them."""

from django.db import migrations

TABLES = ("organising_auditentry",)

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
    dependencies = [("organising", "0001_initial")]
    operations = [migrations.RunPython(protect, unprotect)]
