"""Exclusions can be undone. Their table is built anew on SQLite, which drops its triggers: they are set again."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

append_only = import_module("arena.voting.migrations.0002_append_only")
TABLES = ("voting_exclusion", "voting_undoing")


def protect(apps, schema_editor):
    for statements in (append_only.UNPROTECT, append_only.PROTECT):
        _execute(statements, TABLES, schema_editor)


def unprotect(apps, schema_editor):
    _execute(append_only.UNPROTECT, TABLES, schema_editor)


def _execute(statements, tables, schema_editor):
    for table in tables:
        for statement in statements[schema_editor.connection.vendor]:
            schema_editor.execute(statement.format(table=table))


class Migration(migrations.Migration):

    dependencies = [
        ('voting', '0010_terms'),
    ]

    operations = [
        migrations.CreateModel(
            name='Undoing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.TextField()),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='exclusion',
            name='evidence',
            field=models.JSONField(blank=True, default=dict, help_text='Version, threshold and figures of a screening rule'),
        ),
        migrations.AddField(
            model_name='exclusion',
            name='number',
            field=models.PositiveIntegerField(default=1, help_text='From 1 on, within the vote'),
        ),
        migrations.AlterField(
            model_name='exclusion',
            name='vote',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exclusions', to='voting.vote'),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='kind',
            field=models.CharField(choices=[('vote', 'Vote'), ('exclusion', 'Exclusion'), ('undoing', 'Undoing'), ('change', 'Change')], max_length=9),
        ),
        migrations.AddConstraint(
            model_name='exclusion',
            constraint=models.UniqueConstraint(fields=('vote', 'number'), name='exclusion_numbered'),
        ),
        migrations.AddField(
            model_name='undoing',
            name='exclusion',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='undoing', to='voting.exclusion'),
        ),
        migrations.RunPython(protect, unprotect),
    ]
