"""A person takes consent back: exactly what their row touched is marked, and nothing rests on it from then on."""

import pytest

from annotation.services.datasets import create_version
from evaluation.services.leaderboards import build_snapshot, create_leaderboard
from sftlab.audit.models import Event
from sftlab.errors import Conflict
from tests.evaluation.factories import make_evalset, make_evaluation, make_model, score_here, upload
from tests.evaluation.worlds import make_tuned, make_version
from training.services.runs import check_run


@pytest.fixture
def world(admin, alice):
    """Two versions, a model tuned on each, and a leaderboard that shows each."""
    base = make_model(admin, "base")
    found = {}
    for name in ("left", "right"):
        version = make_version(admin, alice, name)
        model = make_tuned(admin, base, version)
        evaluation = make_evaluation(admin, make_evalset(admin, name), model)
        upload(admin, evaluation, model)
        score_here(evaluation)
        board = create_leaderboard(actor=admin, name=name, evalset=evaluation.evalset.uuid, visibility="public")
        build_snapshot(leaderboard=board)
        board.refresh_from_db()
        found[name] = {"version": version, "model": model, "board": board, "row": version.row_set.first().item}
    return found


@pytest.fixture
def withdrawn(api, admin, world):
    answer = api(admin).post(f"/api/v1/rows/{world['left']['row'].uuid}/withdraw/", {"reason": "consent revoked"})
    assert answer.status_code == 200
    return answer.data


def test_it_names_exactly_what_the_row_touched(world, withdrawn):
    touched = withdrawn["touched"]
    assert [one["id"] for one in touched["versions"]] == [str(world["left"]["version"].uuid)]
    assert [one["name"] for one in touched["models"]] == ["tuned on left"]
    assert [one["slug"] for one in touched["leaderboards"]] == ["left"]
    assert len(touched["runs"]) == len(touched["evaluations"]) == 1


def test_its_version_is_no_longer_exported(api, admin, world, withdrawn):
    client = api(admin)
    refused = client.get(f"/api/v1/versions/{world['left']['version'].uuid}/export/?format=messages")
    assert refused.status_code == 409
    assert refused.json()["code"] == "withdrawn"
    assert refused.json()["errors"][0]["reason"] == str(world["left"]["row"].uuid)
    allowed = client.get(f"/api/v1/versions/{world['right']['version'].uuid}/export/?format=messages")
    assert allowed.status_code == 200


def test_its_version_is_no_longer_trained_on(world, withdrawn, monkeypatch):
    monkeypatch.setattr("training.services.runs._model", lambda wanted, faults: world["left"]["model"])
    choice = [{"version": world["left"]["version"].uuid, "weight": 1.0}]
    with pytest.raises(Conflict) as caught:
        check_run(base_model=world["left"]["model"].uuid, datasets=choice, method={"name": "lora"}, config={}, seed=0)
    assert caught.value.code == "withdrawn"


def test_the_next_version_leaves_it_out(admin, world, withdrawn):
    version = create_version(actor=admin, project=world["left"]["version"].project, name="v2", splits={"train": 1.0})
    assert version.rows == 1
    assert not version.row_set.filter(item=world["left"]["row"]).exists()


def test_only_the_leaderboard_it_touched_is_built_anew_and_marked(api, world, withdrawn):
    assert build_snapshot(leaderboard=world["right"]["board"]) is None
    assert build_snapshot(leaderboard=world["left"]["board"]).number == 2
    (row,) = api().get("/api/v1/leaderboards/left/").json()["rows"]
    assert row["flags"] == ["withdrawn"]
    changed = api().get("/api/v1/leaderboards/left/diff/?from=1").data["inputs"]
    assert [(one["what"], one["from"], one["to"]) for one in changed] == [("withdrawn", 0, 1)]


def test_what_lies_below_the_row_is_what_it_touched(api, admin, world, withdrawn):
    data = api(admin).get(f"/api/v1/lineage/row/{world['left']['row'].uuid}/").data
    found = {kind: set() for kind in ("version", "run", "model", "leaderboard")}
    for level in data["below"]:
        for listed in level:
            found.setdefault(listed["kind"], set()).update(node["id"] for node in listed["nodes"])
    touched = withdrawn["touched"]
    for kind, ids in found.items():
        if kind in ("version", "run", "model", "leaderboard"):
            assert ids == {one["id"] for one in touched[f"{kind}s"]}


def test_everything_on_the_way_is_marked_and_nothing_beside_it(api, admin, world, withdrawn):
    """Also a model tuned from the one that learnt the row, which no leaderboard shows."""
    further = make_model(admin, "tuned further", kind="tuned", base=world["left"]["model"])
    found = {("further", "model"): further, ("base", "model"): world["left"]["model"].base}
    for side in ("left", "right"):
        snapshot = world[side]["board"].current
        (system,) = snapshot.systems.all()
        found |= {(side, kind): world[side][kind] for kind in ("row", "version", "model")}
        found |= {(side, "run"): world[side]["model"].run, (side, "snapshot"): snapshot}
        found |= {(side, "system"): system, (side, "score"): system.scores.first()}
    marks = {
        cell: api(admin).get(f"/api/v1/lineage/{cell[1]}/{thing.uuid}/").data["node"]["marks"]
        for cell, thing in found.items()
    }
    assert marks == {cell: ["withdrawn"] if cell[0] in ("left", "further") else [] for cell in found}


def test_lineage_leads_from_the_cell_to_the_person(api, admin, alice, world):
    score = world["left"]["model"].systems.get().scores.first()
    levels = api(admin).get(f"/api/v1/lineage/score/{score.uuid}/").data["levels"]
    reached = [{listed["kind"] for listed in level} for level in levels]
    chain = ["system", "model", "run", "version", "row"]
    assert [kind in level for kind, level in zip(chain, reached, strict=False)] == [True] * 5
    rows = api(admin).get(f"/api/v1/lineage/row/{world['left']['row'].uuid}/").data["levels"]
    assert rows[0][0]["kind"] == "response"
    assert rows[1][0]["nodes"][0]["label"] == "alice"


def test_a_withdrawal_is_recorded_once(api, admin, world, withdrawn):
    again = api(admin).post(f"/api/v1/rows/{world['left']['row'].uuid}/withdraw/", {"reason": "once more"})
    assert again.status_code == 200
    assert again.data["reason"] == "consent revoked"
    assert Event.objects.filter(verb="row.withdraw").count() == 1


def test_annotators_withdraw_nothing(api, alice, bob, world):
    path = f"/api/v1/rows/{world['left']['row'].uuid}/withdraw/"
    assert api(bob).post(path, {"reason": "x"}).status_code == 404
    assert api().post(path, {"reason": "x"}).status_code == 401


def test_a_reason_is_asked_for(api, admin, world):
    path = f"/api/v1/rows/{world['left']['row'].uuid}/withdraw/"
    assert api(admin).post(path, {"reason": " "}).status_code == 400


def test_an_admin_withdraws_on_the_rows_page(client, admin, world):
    client.force_login(admin)
    row = world["left"]["row"]
    answer = client.post(f"/rows/{row.uuid}/withdraw/", {"reason": "licence"}, follow=True)
    assert "licence" in answer.content.decode()
    assert row.withdrawal.reason == "licence"
