"""The same promises under real concurrency: threads, each on its own connection."""

import contextlib
import random
import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from annotation.models import Assignment
from sftlab.accounts.models import User
from sftlab.work import leases
from tests.factories import annotation as make

PEOPLE, OVERLAP, ITEMS = 8, 3, 20
pytestmark = pytest.mark.django_db(transaction=True)


def in_threads(work, arguments):
    faults = []

    def run(argument):
        try:
            work(argument)
        except Exception as error:
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(argument,)) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults[0]


@pytest.fixture
def people(admin):
    return [User.objects.create(username=f"person-{number}") for number in range(PEOPLE)]


def test_every_item_gets_exactly_its_overlap_of_distinct_people(admin, people):
    pool = make.project(admin, items=ITEMS, overlap=OVERLAP)

    def work(person):
        chance = random.Random(person.pk)
        while held := claim(pool, person):
            fate = chance.random()
            if fate < 0.15:  # crashes, and the lease runs out
                Assignment.objects.filter(pk=held.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
            for _ in range(2 if fate > 0.8 else 1):  # double clicks
                submit(held)

    in_threads(work, people)
    done = Assignment.objects.filter(state="submitted")
    assert set(Counter(done.values_list("item_id", flat=True)).values()) == {OVERLAP}
    assert set(Counter(done.values_list("item_id", "person_id")).values()) == {1}
    assert done.count() == ITEMS * OVERLAP


def test_one_person_clicking_everywhere_at_once_holds_one_lease(admin, people):
    pool = make.project(admin, items=ITEMS)
    in_threads(lambda number: claim(pool, people[0]), range(8))
    assert Assignment.objects.count() == 1


def test_the_last_slot_goes_to_somebody(admin, people):
    pool = make.project(admin, items=1)
    in_threads(lambda person: claim(pool, person), people)
    assert Assignment.objects.filter(state="live").count() == 1


def claim(pool, person):
    return leases.claim(
        Assignment, pool_id=pool.pk, person_id=person.pk, lease=timedelta(hours=1), lanes=lambda serial: ["work"]
    )


def submit(held):
    with contextlib.suppress(leases.Lost):
        leases.submit(
            Assignment,
            uuid=held.uuid,
            person_id=held.person_id,
            key="k",
            body="text",
            save=lambda assignment: None,
            replay=lambda assignment: None,
        )
