"""Rules have versions, and studies pause. SQLite builds the table of changes anew: its trigger is set again."""

from importlib import import_module

from django.db import migrations, models

append_only = import_module("arena.voting.migrations.0002_append_only")


def protect(apps, schema_editor):
    for statements in (append_only.UNPROTECT, append_only.PROTECT):
        for statement in statements[schema_editor.connection.vendor]:
            schema_editor.execute(statement.format(table="voting_studychange"))


class Migration(migrations.Migration):

    dependencies = [
        ('voting', '0012_voided_ballots'),
    ]

    operations = [
        migrations.AddField(
            model_name='ballot',
            name='rules_version',
            field=models.PositiveIntegerField(default=1, help_text='Of the rules it was issued under'),
        ),
        migrations.AddField(
            model_name='study',
            name='is_paused',
            field=models.BooleanField(default=False, help_text='Open pairs can be answered, none is issued'),
        ),
        migrations.AddField(
            model_name='study',
            name='rules_version',
            field=models.PositiveIntegerField(default=1, help_text='Number of the present rules'),
        ),
        migrations.AddField(
            model_name='studychange',
            name='details',
            field=models.JSONField(default=dict, help_text='Rules from this change on, and those before'),
        ),
        migrations.AlterField(
            model_name='studychange',
            name='kind',
            field=models.CharField(choices=[('opened', 'Opened'), ('paused', 'Paused'), ('closed', 'Closed'), ('reopened', 'Reopened'), ('revised', 'Revised'), ('rules', 'Rules')], max_length=8),
        ),
        migrations.RunPython(protect, migrations.RunPython.noop),
    ]
