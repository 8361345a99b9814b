"""Hidden gold can't be told from ordinary work by anything but its text."""

import random
import time

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict

from annotation.models import Item
from annotation.services import importing
from sftlab.accounts.models import User
from tests.factories import annotation as make

PEOPLE, EACH, OVERLAP = 12, 80, 2
GOLD_ITEMS = PEOPLE * EACH // 2 // OVERLAP
"""So many that each comes to as many people as an ordinary item: few, seen often, would be few observations."""
GOLD = {"scorer": "phrases", "required": ["answer"]}
WORDS = ["plain", "river", "stone", "market", "winter", "copper", "garden", "letter", "engine", "harbour", "paper"]


def texts(count):
    """One pool of instructions, from which gold and ordinary rows are both drawn."""
    chance = random.Random(5)
    return [f"{n}: {' '.join(chance.choices(WORDS, k=chance.randint(6, 60)))}" for n in range(count)]


@pytest.fixture
def project(admin):
    people = [User.objects.create(username=f"person-{n}") for n in range(PEOPLE)]
    made = make.project(admin, people=people, gold_rate=0.5, bar=0.2, overlap=OVERLAP)
    pool = texts(PEOPLE * EACH)
    rows = [{"instruction": text, "metadata": {"category": "x"}} for text in pool]
    for row in random.Random(6).sample(rows, GOLD_ITEMS):
        row["gold"] = GOLD
    importing.import_rows(actor=admin, project=made, raw=rows)
    return made


def observe(client, project):
    """All that a worker's program can see of one round, but the text itself."""
    began = time.perf_counter()
    claimed = client.post(f"/api/v1/projects/{project.uuid}/claim/")
    middle = time.perf_counter()
    body = claimed.json()
    submitted = client.post(
        f"/api/v1/assignments/{body['assignment']}/submit/", {"output": "my answer", "lead_time": 5}
    )
    ended = time.perf_counter()
    item = body["item"]
    shape = (
        tuple(body),
        tuple(item),
        tuple(sorted(claimed.headers)),
        tuple(submitted.json()),
        tuple(submitted.headers),
    )
    ids = [int(value.replace("-", "")[:12], 16) for value in (item["id"], body["assignment"], submitted.json()["id"])]
    sizes = [len(claimed.content), len(submitted.content), len(item["instruction"]), len(item["messages"])]
    sizes += [sum(map(len, answer.headers.values())) for answer in (claimed, submitted)]
    return item["id"], shape, [*ids, *sizes, middle - began, ended - middle, body["today"] % 10]


@pytest.fixture
def seen(api, project):
    clients = [api(member.user) for member in project.members.order_by("id").select_related("user")]
    rounds = [observe(client, project) for _ in range(EACH) for client in clients]
    gold = {str(uuid) for uuid in Item.objects.filter(lane="gold").values_list("uuid", flat=True)}
    return rounds, np.array([item in gold for item, _shape, _features in rounds])


@pytest.mark.slow
def test_nothing_but_the_text_tells_gold(seen):
    rounds, is_gold = seen
    assert 0.4 < is_gold.mean() < 0.6
    assert len({shape for _item, shape, _features in rounds}) == 1
    features = np.array([features for _item, _shape, features in rounds])
    model = GradientBoostingClassifier(random_state=0)
    # Held out by item: a text that several people met is not known again by its length.
    items = [item for item, _shape, _features in rounds]
    folds = GroupKFold(5)
    guessed = cross_val_predict(model, features, is_gold, groups=items, cv=folds, method="predict_proba")[:, 1]
    low, high = bootstrap(is_gold, guessed)
    assert high <= 0.6, f"held-out AUC between {low:.2f} and {high:.2f}"


def bootstrap(truth, guessed, resamples=1000):
    """95% interval of the AUC."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(truth), size=(resamples, len(truth)))
    values = [roc_auc_score(truth[rows], guessed[rows]) for rows in drawn if 0 < truth[rows].sum() < len(rows)]
    return tuple(np.percentile(values, [2.5, 97.5]))
