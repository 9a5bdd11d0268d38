"""Votes hold answers about aspects. SQLite builds their table anew: its trigger is set again."""

from importlib import import_module

from django.db import migrations, models

append_only = import_module("arena.voting.migrations.0002_append_only")


def protect(apps, schema_editor):
    for statements in (append_only.UNPROTECT, append_only.PROTECT):
        for statement in statements[schema_editor.connection.vendor]:
            schema_editor.execute(statement.format(table="voting_vote"))


class Migration(migrations.Migration):

    dependencies = [
        ('voting', '0013_versions_of_rules'),
    ]

    operations = [
        migrations.AddField(
            model_name='vote',
            name='aspects',
            field=models.JSONField(default=dict, help_text='Answers about aspects: a, same or b by name'),
        ),
        migrations.RunPython(protect, migrations.RunPython.noop),
    ]
