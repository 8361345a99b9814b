"""Two leaderboards over the demo's data, each with a blind study of its own; one vote is changed.

Everything goes through REST as in the demo, with its questions and its scripted raters; outputs are uploaded.
"""

import json

import pytest
from django.db import transaction

from evaluation.demo import fixtures, scripts
from evaluation.leaderboards.diff import rows_diff
from evaluation.models import Delivery, Evaluation, Leaderboard, Snapshot, Study
from evaluation.models.studies import Rating
from evaluation.selectors.study_exports import vote_rows
from evaluation.services.leaderboards import build_snapshot
from evaluation.services.studies.report import make_report
from evaluation.services.studies.results import refresh
from sftlab.stats.ranking import rank
from sftlab.stats.votes import Votes
from tests.evaluation.factories import score_here

API = "/api/v1/"
CATEGORIES = ("math", "science")
RATERS = ("alice", "bob")
BOARDS = ("changed", "untouched")
OTHER = {"left": "right", "right": "left"}


@pytest.fixture
def rest(api, admin, alice, bob):
    """`rest(person, method, path, body)`: what the service answers, which must not be a refusal."""
    people = {"admin": admin, "alice": alice, "bob": bob}

    def call(person, method, path, body=None, **headers):
        answer = getattr(api(people[person]), method)(API + path, body, headers=headers)
        assert answer.status_code < 400, answer.content
        return answer

    return call


@pytest.fixture
def models(rest):
    return [
        rest("admin", "post", "models/", {"name": name, "kind": "external"}).data["id"] for name in ("base", "tuned")
    ]


@pytest.fixture
def evalset(rest, models):
    """A share of the demo's questions in both languages, answered by two models and scored."""
    chosen = [row for row in fixtures.rows("eval.jsonl") if row["metadata"]["category"] in CATEGORIES]
    made = rest("admin", "post", "evalsets/", {"name": "Demo questions", "items": chosen}).data
    asked = {"evalset": made["id"], "models": models, "metrics": ["bleu", "chrf"]}
    evaluation = rest("admin", "post", "evaluations/", asked).data["id"]
    for model, share in zip(models, (3, 1), strict=True):
        outputs = [{"id": row["id"], "text": _answer(row, number, share)} for number, row in enumerate(chosen)]
        rest("admin", "post", f"evaluations/{evaluation}/outputs/?model={model}", outputs)
    score_here(Evaluation.objects.get(uuid=evaluation))
    return made


def _answer(row, number, share):
    """The first part of a good answer, the other model's of every third question: votes go both ways."""
    text = row["references"][0]
    return text[: max(1, len(text) // (4 - share if number % 3 == 0 else share))]


@pytest.fixture
def studies(rest, evalset, models):
    made = {}
    for name in BOARDS:
        asked = {"evalset": evalset["id"], "models": models, "design": "both", "raters_per_unit": 2, "name": name}
        body = {**asked, "dimensions": ["accuracy"], "seed": 7, "check_rate": 0}
        made[name] = rest("admin", "post", "studies/", body).data["id"]
        for rater in RATERS:
            rest("admin", "post", f"studies/{made[name]}/members/", {"username": rater, "role": "rater"})
            _vote(rest, rater, made[name])
    return made


def _vote(rest, rater, study):
    """All that there is for this rater, as the demo's scripts do."""
    while (answer := rest(rater, "post", f"studies/{study}/claim/")).status_code == 200:
        shown = answer.data
        body = scripts.judge(rater, shown, ["accuracy"]) | {"lead_time": 9.0}
        key = {"Idempotency-Key": shown["rating"]}
        rest(rater, "post", f"ratings/{shown['rating']}/submit/", body, **key)


@pytest.fixture
def boards(rest, evalset, studies):
    """One on each study, published while both are open, with a webhook each."""
    for name, study in studies.items():
        body = {"slug": name, "name": name, "evalset": evalset["id"], "study": study, "visibility": "public"}
        rest("admin", "post", "leaderboards/", body)
        build(name)
        rest("admin", "post", f"leaderboards/{name}/webhooks/", {"url": f"http://127.0.0.1:9/{name}"})
    return studies


def build(name):
    """What the job does."""
    return build_snapshot(leaderboard=Leaderboard.objects.get(slug=name))


def close(rest, study):
    rest("admin", "post", f"studies/{study}/close/")
    make_report(study=Study.objects.get(uuid=study))


def change_the_last_vote(rest, study):
    """Taken back and given to the other model, on whichever side it stands the second time; the vote's item."""
    last = Study.objects.get(uuid=study).votes.exclude(choice__in=("tie", "both_bad")).latest("pk")
    newest = last.study.votes.filter(rater=last.rater).latest("pk")
    rater, rating, swapped = newest.rater.username, newest.rating.uuid, newest.presentation.swapped
    given = verdicts(study)
    rest(rater, "post", f"ratings/{rating}/undo/")
    shown = rest(rater, "post", f"studies/{study}/claim/").data
    choice, scores = OTHER.get(newest.choice, "left"), newest.scores
    if Rating.objects.get(uuid=shown["rating"]).slot.swapped != swapped:
        choice, scores = OTHER[choice], {OTHER[side]: marks for side, marks in scores.items()}
    body = {"choice": choice, "scores": scores, "lead_time": 9.0}
    rest(rater, "post", f"ratings/{shown['rating']}/submit/", body, **{"Idempotency-Key": shown["rating"]})
    assert len(verdicts(study).items() - given.items()) == 1
    return newest.unit.item


def verdicts(study):
    """(rater, item) → the model that was found better, or that none was."""
    rows = vote_rows(Study.objects.get(uuid=study))
    return {(row["rater"], row["item"]): row.get(row["choice"], row["choice"]) for row in rows}


def stored(slug):
    """Rows by slice of the newest snapshot."""
    snapshot = Snapshot.objects.filter(leaderboard__slug=slug).latest("number")
    return {(one.language, one.category): one.rows for one in snapshot.slices.all()}


def votes_alone(rows):
    return {model["id"]: _human(row) for row in rows for model in [row["model"]]}


def _human(row):
    return {name: row[name] for name in ("rank", "strength", "likert", "votes")}


def what_if_unchanged(rest, boards):
    """The slices as they come out without the change, on a copy of everything that is thrown away."""
    with transaction.atomic():
        close(rest, boards["changed"])
        build("changed")
        found = stored("changed")
        transaction.set_rollback(True)
    return found


def test_one_changed_vote_moves_exactly_what_rests_on_it(rest, api, models, boards):
    before = {name: api().get(f"{API}leaderboards/{name}/") for name in BOARDS}
    unchanged = what_if_unchanged(rest, boards)
    item = change_the_last_vote(rest, boards["changed"])

    # while the study is open nobody sees anything of it
    refresh(study=Study.objects.get(uuid=boards["changed"]))
    assert build("changed") is None

    close(rest, boards["changed"])
    assert build("changed").number == 2
    assert build("untouched") is None

    # the snapshot: other numbers in the slices of the vote's item, the same in every other
    now = stored("changed")
    touched = {key for key in now if votes_alone(now[key]) != votes_alone(unchanged[key])}
    assert touched == {(language, category) for language in ("", item.language) for category in ("", item.category)}
    assert [row["metrics"] for row in now["", ""]] == [row["metrics"] for row in unchanged["", ""]]
    _rows_are_the_fit_of_the_exported_votes(Study.objects.get(uuid=boards["changed"]), now["", ""])

    # the ETag: new there, unchanged on the other board
    etags = {name: {"If-None-Match": answer["ETag"]} for name, answer in before.items()}
    again = {name: api().get(f"{API}leaderboards/{name}/", headers=etags[name]) for name in BOARDS}
    assert [again[name].status_code for name in BOARDS] == [200, 304]
    assert again["changed"]["ETag"] != before["changed"]["ETag"]
    assert api().get(f"{API}leaderboards/changed/?snapshot=1").content == before["changed"].content

    # the history: a second point there, one here
    points = {
        name: [len(one["points"]) for one in api().get(f"{API}leaderboards/{name}/history/").data] for name in BOARDS
    }
    assert points == {"changed": [2, 2], "untouched": [1, 1]}

    # the diff: the study is the only input that moved, and it moved what the rows say
    diff = api().get(f"{API}leaderboards/changed/diff/?from=1&to=2").data
    assert [one["what"] for one in diff["inputs"]] == ["study"]
    assert (diff["inputs"][0]["from"]["votes"], diff["inputs"][0]["to"]["votes"]) == (0, 8 * len(RATERS))
    assert {one["model"]["id"] for one in diff["moved"]} == {*models}
    assert not any("metrics" in one for one in diff["moved"])
    assert diff["moved"] == rows_diff(json.loads(before["changed"].content)["rows"], now["", ""])["moved"]

    # the webhook: one message, about that snapshot, to the one who asked for that board
    (delivery,) = Delivery.objects.select_related("webhook__leaderboard", "snapshot")
    assert (delivery.webhook.leaderboard.slug, delivery.snapshot.number) == ("changed", 2)
    assert delivery.webhook.url.endswith("/changed")


def _rows_are_the_fit_of_the_exported_votes(study, rows):
    """The strengths again, from what the study hands out as its votes."""
    names = {row["model"]["name"]: row["strength"] for row in rows}
    votes = [row for row in vote_rows(study) if row["choice"]]
    columns = ([row[name] for row in votes] for name in ("left", "right", "choice"))
    fitted = rank(
        Votes.from_columns(*columns, raters=[r["rater"] for r in votes], items=[r["item"] for r in votes]), seed=7
    )
    for one in fitted.systems:
        assert names[one.name]["value"] == pytest.approx(one.strength, abs=1e-6)
        assert names[one.name]["low"] == pytest.approx(one.low, abs=1e-6)
