"""Sixteen raters over HTTP on one blind study, with the service killed meanwhile and started again.

    python -m tests.evaluation.studies.stress [--items 20] [--kills 2]

Raters vanish (their lease runs out), hang up before the answer and send the same vote again, and take votes back.
Prints one JSON line: what was acknowledged and what the database holds.
"""

import argparse
import json
import os
import random
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress

from tests.annotation.stress import AGAIN, Server
from tests.bench.annotate import session

RATERS, SYSTEMS, PER_UNIT = 16, 4, 3
DONE = 15
"""So many times in a row nothing was left: what others hold may still come back."""


class Rater:
    def __init__(self, server, study, token, seed):
        self.server, self.study = server, study
        self.http, self.chance = session(token), random.Random(seed)
        self.acknowledged, self.statuses, self.cut = {}, set(), 0

    def say(self, path, **given):
        """Until there is an answer, and whether it took more than one try."""
        tries = 0
        while True:
            with suppress(*AGAIN):
                answer = self.http.post(f"{self.server.url}/api/v1/{path}", timeout=20, **given)
                self.statuses.add(answer.status_code)
                return answer, tries > 0
            tries += 1
            self.cut += 1
            time.sleep(0.05)

    def work(self):
        idle = 0
        while idle < DONE:
            claimed, _ = self.say(f"studies/{self.study}/claim/")
            if claimed.status_code == 204:
                idle += 1
                time.sleep(0.1)
                continue
            idle = 0
            if self.chance.random() < 0.1:
                expire(claimed.json()["rating"])
            else:
                self.vote(claimed.json()["rating"])

    def vote(self, rating):
        choice = self.chance.choice(["left", "right", "tie", "both_bad"])
        given = {"json": {"choice": choice}, "headers": {"Idempotency-Key": rating}}
        if self.chance.random() < 0.2:
            with suppress(*AGAIN):
                self.http.post(f"{self.server.url}/api/v1/ratings/{rating}/submit/", timeout=0.002, **given)
        answer, _ = self.say(f"ratings/{rating}/submit/", **given)
        if answer.status_code not in (200, 201):
            return
        self.acknowledged[rating] = choice
        if self.chance.random() < 0.05:
            self.take_back(rating)

    def take_back(self, rating):
        answer, again = self.say(f"ratings/{rating}/undo/")
        if answer.status_code == 200 or (again and answer.json()["code"] == "too_late"):
            del self.acknowledged[rating]


def expire(rating):
    """The page is closed and the lease runs out; somebody else may be given the comparison."""
    from django.db import connection
    from django.utils import timezone

    from evaluation.models.studies import Rating

    Rating.objects.filter(uuid=rating, state="live").update(expires_at=timezone.now())
    connection.close()


def prepare(items):
    """A study of four systems and its raters: its id, and a token for each rater."""
    import django

    django.setup()
    from django.core.management import call_command

    from evaluation.services.evalsets import create_evalset
    from evaluation.services.studies.creating import create_study
    from evaluation.services.studies.members import add_member
    from sftlab.accounts import services
    from sftlab.accounts.models import User
    from tests.evaluation.factories import make_evaluation, make_model, upload

    call_command("migrate", verbosity=0)
    admin = User.objects.create(username="admin", is_superuser=True)
    rows = [
        {"id": f"q{n}", "turns": [{"role": "user", "content": f"Question {n}?"}], "references": [f"It is {n}."]}
        for n in range(items)
    ]
    evalset = create_evalset(actor=admin, name="questions", items=rows)[0]
    models = [make_model(admin, f"opal-{number}x") for number in range(SYSTEMS)]
    evaluation = make_evaluation(admin, evalset, *models)
    for model in models:
        upload(admin, evaluation, model, {f"q{n}": f"What {model.pk} says about {n}." for n in range(items)})
    ids = [model.uuid for model in models]
    study = create_study(actor=admin, evalset=evalset.uuid, models=ids, design="pairwise", raters_per_unit=PER_UNIT)
    raters = [User.objects.create(username=f"rater-{number}") for number in range(RATERS)]
    for rater in raters:
        add_member(actor=admin, study=study, username=rater.username, role="rater")
    return str(study.uuid), [services.create_token(user=rater)[1] for rater in raters]


def run(items, kills):
    study, tokens = prepare(items)
    server = Server()
    try:
        raters = [Rater(server, study, token, seed) for seed, token in enumerate(tokens)]
        wanted = items * SYSTEMS * (SYSTEMS - 1) // 2 * PER_UNIT
        begun = time.perf_counter()
        drive(server, raters, kills, wanted)
        return {"seconds": round(time.perf_counter() - begun, 1), "votes": wanted, **judge(raters)}
    finally:
        server.stop()


def drive(server, raters, kills, wanted):
    threads = [threading.Thread(target=rater.work) for rater in raters]
    for thread in threads:
        thread.start()
    for number in range(kills):
        while sum(len(rater.acknowledged) for rater in raters) < wanted * (number + 1) / (kills + 1):
            time.sleep(0.05)
        server.kill()
        server.start()
    for thread in threads:
        thread.join()


def judge(raters):
    from evaluation.models.studies import Unit, Vote

    ordinary = Vote.objects.filter(unit__kind=Unit.Kind.ORDINARY)
    per_unit = Counter(ordinary.values_list("unit", flat=True))
    kept = {str(rating): choice for rating, choice in Vote.objects.values_list("rating__uuid", "choice")}
    told = {rating: choice for rater in raters for rating, choice in rater.acknowledged.items()}
    return {
        "units": Unit.objects.filter(kind=Unit.Kind.ORDINARY).count(),
        "units_exact": sum(votes == PER_UNIT for votes in per_unit.values()),
        "same_rater_twice": ordinary.count() - ordinary.values("unit", "rater").distinct().count(),
        "acknowledged": len(told),
        "lost": sum(kept.get(rating) != choice for rating, choice in told.items()),
        "unacknowledged": len(kept.keys() - told.keys()),
        "most_off_balance": max(abs(shown[True] - shown[False]) for shown in _sides(ordinary).values()),
        "cut_off": sum(rater.cut for rater in raters),
        "statuses": sorted(set().union(*(rater.statuses for rater in raters))),
    }


def _sides(votes):
    shown = {}
    names = ("unit__first__system", "unit__second__system", "presentation__swapped")
    for first, second, swapped in votes.values_list(*names):
        shown.setdefault((first, second), Counter())[swapped] += 1
    return shown


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--items", type=int, default=20)
    asked.add_argument("--kills", type=int, default=2)
    asked = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="stress-") as folder:
        os.environ |= {"SFTLAB_VAR": folder, "DJANGO_SETTINGS_MODULE": "sftlab.settings"}
        print(json.dumps({"kills": asked.kills, **run(asked.items, asked.kills)}))


if __name__ == "__main__":
    main()
