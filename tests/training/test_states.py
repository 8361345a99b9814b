import pytest

from sftlab.errors import Conflict
from tests.factories import training as make
from training.models import Run

pytestmark = pytest.mark.django_db
ALLOWED = {
    ("queued", "running"), ("queued", "cancelled"), ("queued", "failed"),
    ("running", "queued"), ("running", "cancelling"), ("running", "finished"), ("running", "failed"),
    ("cancelling", "cancelled"), ("cancelling", "finished"), ("cancelling", "failed"),
    ("cancelled", "queued"), ("failed", "queued"),
}  # fmt: skip


@pytest.fixture
def run(admin, tmp_path):
    return make.run(admin, tmp_path)


def test_the_table_of_moves(run):
    for before in Run.Status.values:
        for after in Run.Status.values:
            Run.objects.filter(pk=run.pk).update(status=before)
            assert _moves(Run.objects.get(pk=run.pk), after) == ((before, after) in ALLOWED), (before, after)


def _moves(run, after):
    try:
        run.transition(after)
    except Conflict:
        return False
    return True


def test_a_move_never_goes_over_another_s(run):
    stale = Run.objects.get(pk=run.pk)
    run.transition(Run.Status.CANCELLED)
    with pytest.raises(Conflict):
        stale.transition(Run.Status.RUNNING)
