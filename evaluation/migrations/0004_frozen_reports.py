from django.db import migrations

FORWARD = """
CREATE TRIGGER evaluation_frozen_report BEFORE UPDATE OR DELETE ON evaluation_studyresult
FOR EACH ROW WHEN (OLD.final) EXECUTE FUNCTION evaluation_immutable();
"""
BACKWARD = "DROP TRIGGER evaluation_frozen_report ON evaluation_studyresult;"


class Migration(migrations.Migration):
    dependencies = [("evaluation", "0003_score_current")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
