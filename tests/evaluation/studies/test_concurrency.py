"""Sixteen raters at once over HTTP: some vanish, hang up before the answer or ask twice, and the service breaks down
in the middle of what it does."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import psycopg
import pytest
from django.db import OperationalError, connection, connections
from django.utils import timezone

from evaluation.models.studies import Presentation, Rating, Unit, Vote
from evaluation.services.studies.members import add_member
from evaluation.services.studies.results import counted
from sftlab.accounts.models import User
from sftlab.accounts.services import create_token
from tests.evaluation.factories import make_evaluation, make_model, upload

pytestmark = pytest.mark.django_db(transaction=True)

RATERS, PER_UNIT = 16, 3


class Rater:
    """Sends votes until nothing is left. Every fourth answer is never read: the same vote is then sent again."""

    def __init__(self, address: str, study: str, token: str, number: int) -> None:
        self.http = httpx.Client(base_url=f"{address}/api/v1/", headers={"Authorization": f"Token {token}"}, timeout=60)
        self.study = study
        self.toss = random.Random(number)
        self.sent: dict[str, str] = {}
        self.broken = 0

    def work(self) -> dict[str, str]:
        while (answer := self._ask(f"studies/{self.study}/claim/")).status_code == 200:
            shown = answer.json()
            if self.toss.random() < 0.1:
                self._vanish(shown["rating"])
                continue
            self._vote(shown)
        assert answer.status_code == 204, answer.text
        return self.sent

    def _vote(self, shown) -> None:
        choice = self.toss.choice(["left", "right", "tie", "both_bad"])
        self.sent[shown["rating"]] = choice
        said = {"json": {"choice": choice}, "headers": {"Idempotency-Key": shown["rating"]}}
        if self.toss.random() < 0.25:
            self._hang_up(shown["rating"], said)
        answer = self._ask(f"ratings/{shown['rating']}/submit/", **said)
        assert answer.status_code in (200, 201), answer.text

    def _ask(self, path: str, **said) -> httpx.Response:
        """Again, until the service is there."""
        while (answer := self.http.post(path, **said)).status_code >= 500:
            self.broken += 1
        return answer

    def _hang_up(self, rating: str, said) -> None:
        """The vote is sent and the connection cut; whether it arrived, nobody told them."""
        with suppress(httpx.TimeoutException):
            self.http.post(f"ratings/{rating}/submit/", **said, timeout=httpx.Timeout(5, read=0.001))

    def _vanish(self, rating: str) -> None:
        """The page is closed, the lease runs out, and somebody else may have been given the comparison."""
        with suppress(OperationalError):
            Rating.objects.filter(uuid=rating, state="live").update(expires_at=timezone.now())
        connections.close_all()


@pytest.fixture
def study(make_study, admin, evalset):
    models = [make_model(admin, f"opal-{number}x") for number in range(4)]
    evaluation = make_evaluation(admin, evalset, *models)
    for model in models:
        texts = {item.key: f"What {model.pk} says about {item.key}." for item in evalset.items.all()}
        upload(admin, evaluation, model, texts)
    return make_study(models=models, raters_per_unit=PER_UNIT, config={"check_rate": 0.1})


def break_down(stop: threading.Event) -> None:
    """Ends what the database is doing for others, now and then: to the service, as if it had crashed."""
    own = connection.settings_dict
    toss = random.Random(0)
    with psycopg.connect(host=own["HOST"], user=own["USER"], dbname=own["NAME"], autocommit=True) as killer:
        while not stop.wait(toss.uniform(0.2, 0.6)):
            killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND state IN ('active', 'idle in transaction') AND pid <> pg_backend_pid() LIMIT 2"
            )


def test_sixteen_raters_at_once(study, admin, live_server, caplog):
    caplog.set_level("CRITICAL", logger="django.request")
    tokens = []
    for number in range(RATERS):
        user = User.objects.create(username=f"rater-{number}")
        add_member(actor=admin, study=study, username=user.username, role="rater")
        tokens.append(create_token(user=user)[1])
    raters = [Rater(live_server.url, str(study.uuid), token, number) for number, token in enumerate(tokens)]
    stop = threading.Event()
    saboteur = threading.Thread(target=break_down, args=(stop,))
    saboteur.start()
    try:
        with ThreadPoolExecutor(RATERS) as pool:
            sent = {rating: choice for said in pool.map(Rater.work, raters) for rating, choice in said.items()}
    finally:
        stop.set()
        saboteur.join()
    connections.close_all()
    assert sum(rater.broken for rater in raters) > 0

    ordinary = Vote.objects.filter(unit__kind=Unit.Kind.ORDINARY)
    units = Unit.objects.filter(study=study, kind=Unit.Kind.ORDINARY)
    assert Counter(ordinary.values_list("unit", flat=True)) == Counter(
        dict.fromkeys(units.values_list("pk", flat=True), PER_UNIT)
    )
    assert ordinary.values("unit", "rater").distinct().count() == ordinary.count() == len(counted(study))
    assert {str(rating): choice for rating, choice in Vote.objects.values_list("rating__uuid", "choice")} == sent
    assert not Presentation.objects.filter(pool=study, lane="work").exclude(state="done").exists()
    for pair, shown in _sides().items():
        assert abs(shown[True] - shown[False]) <= 1, pair


def _sides():
    shown = {}
    for first, second, swapped in Vote.objects.filter(unit__kind=Unit.Kind.ORDINARY).values_list(
        "unit__first__system", "unit__second__system", "presentation__swapped"
    ):
        shown.setdefault((first, second), Counter())[swapped] += 1
    return shown
