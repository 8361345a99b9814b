from django.db import migrations

FORWARD = """
CREATE FUNCTION annotation_version_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a dataset version is frozen: make a new one';
END $$;
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON annotation_datasetversion
    FOR EACH ROW EXECUTE FUNCTION annotation_version_is_frozen();
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON annotation_versionrow
    FOR EACH ROW EXECUTE FUNCTION annotation_version_is_frozen();
-- Claims read the head of slot's partial indexes, where every claim leaves a dead entry behind.
ALTER TABLE annotation_slot SET (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 5000, fillfactor = 85);
ALTER TABLE annotation_assignment SET (autovacuum_vacuum_scale_factor = 0.02, fillfactor = 85);
ALTER TABLE annotation_membership SET (fillfactor = 50);
"""

BACKWARD = """
DROP TRIGGER frozen ON annotation_datasetversion;
DROP TRIGGER frozen ON annotation_versionrow;
DROP FUNCTION annotation_version_is_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
