import pytest

from tests.factories import training as make
from training import preflights
from training.models import Preflight
from training.services.runs import create_preflight

pytestmark = pytest.mark.django_db


@pytest.fixture
def preflight(admin, tmp_path):
    return create_preflight(
        actor=admin,
        base_model=make.model(admin, tmp_path).uuid,
        datasets=[{"version": make.version(admin).uuid, "weight": 1.0}],
        method={"name": "lora"},
        config=make.QUICK,
    )


def test_a_preflight_reads_the_rows_and_tries_a_step(preflight):
    preflights.execute(preflight)
    assert preflight.error == {}
    assert preflight.status == Preflight.Status.DONE
    learnt = "".join(token["text"] for token in preflight.result["rows"][0]["tokens"] if token["supervised"])
    assert learnt.startswith("1")
    assert preflight.result["memory"]["fits"] is True
    assert preflight.result["counts"]["rows"] == 8


def test_a_model_that_has_gone_is_named(preflight, tmp_path):
    (tmp_path / "tiny" / "model.safetensors").unlink()
    preflights.execute(preflight)
    assert preflight.status == Preflight.Status.FAILED
    assert "model.safetensors" in preflight.error["message"]


def test_what_is_done_is_not_done_again(preflight):
    preflight.transition(Preflight.Status.RUNNING)
    preflight.transition(Preflight.Status.DONE)
    preflights.execute(preflight)
    assert preflight.result == {}
