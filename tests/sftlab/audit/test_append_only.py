import pytest
from django.db import DatabaseError, connection, transaction

from sftlab.audit.models import Event
from sftlab.audit.services import record


@pytest.fixture
def event(admin, alice):
    record(actor=admin, verb="user.create", obj=alice, data={"username": "alice"})
    return Event.objects.get()


def test_an_event_names_the_actor_and_the_object(event, admin, alice):
    assert (event.actor_id, event.verb, event.object_id) == (admin.pk, "user.create", str(alice.uuid))


@pytest.mark.parametrize(
    "sql", ["UPDATE audit_event SET verb = 'x'", "DELETE FROM audit_event", "TRUNCATE audit_event"]
)
def test_the_database_refuses_to_change_the_log(event, sql):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_event ENABLE TRIGGER ALL")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(sql)
    assert Event.objects.count() == 1
