from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('voting', '0009_rate_counts'),
    ]

    operations = [
        migrations.AddField(
            model_name='study',
            name='terms',
            field=models.JSONField(blank=True, default=dict, help_text='Terms of the study, less defaults'),
        ),
    ]
