from django.db import migrations, models


def name_systems(apps, schema_editor):
    """Earlier snapshots name theirs in `inputs` only."""
    Snapshot, System = (apps.get_model("evaluation", name) for name in ("Snapshot", "System"))
    for snapshot in Snapshot.objects.iterator():
        shown = [one["system"] for one in snapshot.inputs["systems"]]
        snapshot.systems.set(System.objects.filter(uuid__in=shown))


class Migration(migrations.Migration):
    dependencies = [("evaluation", "0007_status_choices")]
    operations = [
        migrations.AddField(
            "snapshot", "systems", models.ManyToManyField(related_name="snapshots", to="evaluation.system")
        ),
        migrations.RunPython(name_systems, migrations.RunPython.noop),
    ]
