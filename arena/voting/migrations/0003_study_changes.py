"""A study names the settings of its clips, and its openings and closings are kept, append-only.

A study from before shows what it was created on: the settings of the runs that there were by then, or, where
there were none, those of all clips that it could show.
"""

from importlib import import_module

import arena.voting.models
import django.db.models.deletion
from django.db import migrations, models

append_only = import_module("arena.voting.migrations.0002_append_only")


def keep_clip_settings(apps, schema_editor):
    Study = apps.get_model("voting", "Study")
    Run = apps.get_model("production", "Run")
    Job = apps.get_model("production", "Job")
    for study in Study.objects.all():
        suites = list(study.suites.values_list("pk", flat=True))
        runs = Run.objects.filter(suite__in=suites, track__in=study.tracks).order_by("pk")
        settings = list(runs.filter(created_at__lte=study.created_at).values_list("settings", flat=True))
        if not settings:
            jobs = Job.objects.filter(
                prompt__suite__in=suites, track__in=study.tracks, contender__in=study.contenders.all()
            )
            settings = list(jobs.order_by("pk").values_list("settings", flat=True))
        study.clip_settings = [one for i, one in enumerate(settings) if one not in settings[:i]]
        study.save(update_fields=["clip_settings"])


def _run_on_changes(statements, schema_editor):
    for statement in statements[schema_editor.connection.vendor]:
        schema_editor.execute(statement.format(table="voting_studychange"))


def protect_changes(apps, schema_editor):
    _run_on_changes(append_only.PROTECT, schema_editor)


def unprotect_changes(apps, schema_editor):
    _run_on_changes(append_only.UNPROTECT, schema_editor)


class Migration(migrations.Migration):

    dependencies = [
        ('voting', '0002_append_only'),
        ('production', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='study',
            name='clip_settings',
            field=models.JSONField(blank=True, default=list, help_text='The settings of the clips that pairs are drawn from'),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='kind',
            field=models.CharField(choices=[('vote', 'Vote'), ('exclusion', 'Exclusion'), ('change', 'Change')], max_length=9),
        ),
        migrations.AlterField(
            model_name='study',
            name='question',
            field=models.CharField(max_length=200, validators=[arena.voting.models.refuse_odd_line]),
        ),
        migrations.AlterField(
            model_name='study',
            name='title',
            field=models.CharField(max_length=120, validators=[arena.voting.models.refuse_odd_line]),
        ),
        migrations.AlterField(
            model_name='study',
            name='tracks',
            field=models.JSONField(validators=[arena.voting.models.refuse_odd_tracks]),
        ),
        migrations.CreateModel(
            name='StudyChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(help_text='From 1 on, within the study')),
                ('kind', models.CharField(choices=[('opened', 'Opened'), ('closed', 'Closed'), ('reopened', 'Reopened'), ('revised', 'Revised')], max_length=8)),
                ('reason', models.TextField(blank=True)),
                ('created_at', models.DateTimeField()),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='voting.study')),
            ],
            options={
                'ordering': ['study', 'number'],
                'constraints': [models.UniqueConstraint(fields=('study', 'number'), name='study_change_once')],
            },
        ),
        migrations.RunPython(keep_clip_settings, migrations.RunPython.noop),
        migrations.RunPython(protect_changes, unprotect_changes),
    ]
