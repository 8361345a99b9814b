from django.db import migrations

# A claim walks past the dead index entries of what was handed out before. With the default, a fifth of all slots
# gather in front of it before they are cleared, so that the claim would grow with the project.
SET = """
ALTER TABLE annotation_slot SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE annotation_assignment SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
"""
RESET = """
ALTER TABLE annotation_slot RESET (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
ALTER TABLE annotation_assignment RESET (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0005_import_warnings")]
    operations = [migrations.RunSQL(SET, RESET)]
