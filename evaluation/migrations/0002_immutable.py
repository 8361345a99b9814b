from django.db import migrations

TABLES = ["evaluation_evalset", "evaluation_evalitem", "evaluation_output", "evaluation_snapshot", "evaluation_snapshotslice"]

FUNCTION = """
CREATE FUNCTION evaluation_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never changed', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
"""


def forward() -> str:
    made = [
        f"CREATE TRIGGER evaluation_immutable BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION evaluation_immutable();"
        for table in TABLES
    ]
    return FUNCTION + "\n".join(made)


def backward() -> str:
    dropped = [f"DROP TRIGGER evaluation_immutable ON {table};" for table in TABLES]
    return "\n".join(dropped) + "\nDROP FUNCTION evaluation_immutable();"


class Migration(migrations.Migration):
    dependencies = [("evaluation", "0001_initial")]
    operations = [migrations.RunSQL(forward(), backward())]
