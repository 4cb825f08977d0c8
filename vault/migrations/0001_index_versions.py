"""What the database keeps of the keys: the lasting ones, sealed, and the version that indexes are under."""

from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='LastingKey',
            fields=[
                ('purpose', models.CharField(max_length=60, primary_key=True, serialize=False)),
                ('sealed', models.TextField()),
            ],
            options={
                'verbose_name': 'lasting key',
                'verbose_name_plural': 'lasting keys',
            },
        ),
        migrations.CreateModel(
            name='IndexKey',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('first', models.PositiveIntegerField()),
                ('newest', models.PositiveIntegerField()),
            ],
            options={
                'verbose_name': 'index key',
                'verbose_name_plural': 'index keys',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='one_version_indexes_are_written_under'), models.CheckConstraint(condition=models.Q(('newest__gt', models.F('first'))), name='indexes_go_on_to_a_newer_version')],
            },
        ),
    ]
