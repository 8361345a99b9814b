"""Generation that is killed or cancelled in the middle goes on without redoing what is there."""

import json
import os
import signal
import threading
import time

import pytest
from django.db import connection

from evaluation.models import Evaluation, System
from evaluation.services.evalsets import create_evalset
from evaluation.services.evaluations import cancel_evaluation, create_evaluation
from evaluation.services.generation import generate
from tests.evaluation.factories import make_model
from tests.factories.tiny_model import make_tiny_model
from training.holder import Holder
from training.retries import TryAgain
from training.run_dirs import run_dir

ITEMS = 24


@pytest.fixture
def evaluation(admin, settings, tmp_path):
    """A small model answers one item at a time, so that there is a middle."""
    settings.VAR_DIR = tmp_path / "var"
    model = make_model(admin, "tiny", kind="folder", path=str(make_tiny_model(tmp_path / "tiny")))
    items = [{"instruction": f"Say {number}.", "output": f"{number}"} for number in range(ITEMS)]
    evalset, _new = create_evalset(actor=admin, name="numbers", items=items)
    decoding = {"max_new_tokens": 48, "batch_size": 1, "do_sample": True}
    return create_evaluation(
        actor=admin, evalset=evalset.uuid, models=[model.uuid], metrics=["bleu"], decoding=decoding
    )


def part(system):
    return run_dir(system.uuid) / ".outputs.jsonl"


def in_the_middle(system, act):
    """A thread that acts once a few outputs are there and many are not."""

    def wait():
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if part(system).exists() and part(system).read_bytes().count(b"\n") >= 2:
                act()
                return
            time.sleep(0.01)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def kept(system):
    """What was written by now, by item."""
    whole = part(system).read_text().splitlines()
    return {row["id"]: row["text"] for row in map(json.loads, whole)}


def texts(system):
    return dict(system.outputs.values_list("item__key", "text"))


def uninterrupted(admin, evaluation):
    """The same evaluation, made in one go."""
    model = evaluation.systems.get().model
    again = create_evaluation(
        actor=admin,
        evalset=evaluation.evalset.uuid,
        models=[model.uuid],
        metrics=[],
        decoding=evaluation.decoding,
    )
    generate(system=again.systems.get())
    return texts(again.systems.get())


def test_a_killed_child_goes_on_with_the_same_plan(admin, evaluation):
    system = evaluation.systems.get()

    def kill():
        os.killpg(Holder.read(run_dir(system.uuid)).pid, signal.SIGKILL)

    killer = in_the_middle(system, kill)
    with pytest.raises(TryAgain):
        generate(system=system)
    killer.join()
    before = kept(system)
    assert 2 <= len(before) < ITEMS
    system = System.objects.get(pk=system.pk)
    assert (system.status, system.done) == ("queued", len(before))
    generate(system=system)
    assert System.objects.get(pk=system.pk).status == "done"
    assert before.items() <= texts(system).items()
    assert texts(system) == uninterrupted(admin, evaluation)


@pytest.mark.django_db(transaction=True)
def test_a_cancelled_evaluation_is_resumed_through_page_and_api(admin, api, client, evaluation):
    system = evaluation.systems.get()

    def cancel():
        cancel_evaluation(actor=admin, evaluation=Evaluation.objects.get(pk=evaluation.pk))
        connection.close()

    canceller = in_the_middle(system, cancel)
    generate(system=system)
    canceller.join()
    system = System.objects.get(pk=system.pk)
    assert (system.status, 0 < system.done < ITEMS) == ("cancelled", True)
    before = texts(system)
    client.force_login(admin)
    assert "Resume" in client.get(f"/evaluations/{evaluation.uuid}/").content.decode()
    assert client.post(f"/evaluations/{evaluation.uuid}/resume/").status_code == 302
    assert client.post(f"/evaluations/{evaluation.uuid}/cancel/").status_code == 302
    assert api(admin).post(f"/api/v1/evaluations/{evaluation.uuid}/resume/").status_code == 200
    generate(system=System.objects.get(pk=system.pk))
    system = System.objects.get(pk=system.pk)
    assert (system.status, system.done) == ("done", ITEMS)
    assert before.items() <= texts(system).items()
    assert system.tokens_per_s > 0
    assert "torch" in system.versions
    evaluation.refresh_from_db()
    assert evaluation.status == "scoring"
