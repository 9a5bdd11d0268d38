"""Name the states of earlier jobs as they are named now, and let the job log be added to only.

Free jobs forget the process that worked on them last: a claim now is the name alone, in any open state.
SQLite drops the log's trigger whenever a migration alters its table; such a migration has to run `protect` again.
"""

from django.db import migrations

RENAMED = {"queued": "planned", "done": "succeeded"}
TABLE = "production_jobevent"
PROTECT = {
    "sqlite": (
        f"CREATE TRIGGER {TABLE}_written_once BEFORE UPDATE ON {TABLE} "
        f"BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END",
    ),
    "postgresql": (
        f"CREATE OR REPLACE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{TABLE} is append-only' "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE TRIGGER {TABLE}_written_once BEFORE UPDATE OR DELETE ON {TABLE} "
        f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_refuse()",
    ),
}
UNPROTECT = {
    "sqlite": (f"DROP TRIGGER IF EXISTS {TABLE}_written_once",),
    "postgresql": (
        f"DROP TRIGGER IF EXISTS {TABLE}_written_once ON {TABLE}",
        f"DROP FUNCTION IF EXISTS {TABLE}_refuse()",
    ),
}


def rename(apps, schema_editor):
    jobs = apps.get_model("production", "Job").objects
    jobs.exclude(state="running").update(claimed_by="")
    for earlier, present in RENAMED.items():
        jobs.filter(state=earlier).update(state=present)


def rename_back(apps, schema_editor):
    for earlier, present in RENAMED.items():
        apps.get_model("production", "Job").objects.filter(state=present).update(state=earlier)


def protect(apps, schema_editor):
    for statement in PROTECT[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def unprotect(apps, schema_editor):
    for statement in UNPROTECT[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("production", "0005_states_and_money")]
    operations = [
        migrations.RunPython(rename, rename_back),
        migrations.RunPython(protect, unprotect),
    ]
