import pytest

from evaluation.lineage.people import alias
from evaluation.models import Snapshot
from evaluation.models.studies import Unblinding
from evaluation.services.leaderboards import build_snapshot, create_leaderboard
from tests.evaluation.factories import make_evalset, make_evaluation, make_model, score_here, upload

URL = "/api/v1/lineage/"


@pytest.fixture
def evaluation(admin):
    model = make_model(admin, "perfect")
    made = make_evaluation(admin, make_evalset(admin), model)
    upload(admin, made, model)
    score_here(made)
    return made


@pytest.fixture
def system(evaluation):
    return evaluation.systems.get()


@pytest.fixture
def board(admin, evaluation):
    made = create_leaderboard(actor=admin, name="Board", evalset=evaluation.evalset.uuid, visibility="public")
    build_snapshot(leaderboard=made)
    return made


def kinds(listed):
    return {group["kind"]: group["count"] for group in listed}


def get(client, kind, thing):
    return client.get(f"{URL}{kind}/{thing.uuid}/")


def test_a_cell_leads_to_its_outputs_and_its_model(api, admin, system, board):
    score = system.scores.get(language="en", category="")
    data = get(api(admin), "score", score).data
    assert kinds(data["up"]) == {"system": 1, "output": 2}
    found = [kinds(level) for level in data["levels"]]
    assert found[1]["model"] == 1
    assert data["node"]["facts"]["signature"] == score.signature


def test_a_model_leads_down_to_the_leaderboard(api, admin, system, board):
    assert kinds(get(api(admin), "model", system.model).data["down"]) == {"system": 1}
    assert kinds(get(api(admin), "system", system).data["down"])["snapshot"] == 1
    assert kinds(get(api(admin), "snapshot", board.snapshots.get()).data["down"]) == {"leaderboard": 1}


def test_readers_of_the_board_see_what_it_rests_on_without_texts(api, bob, system, board):
    score = system.scores.get(language="en", category="")
    data = get(api(bob), "score", score).data
    assert {group["kind"]: len(group["nodes"]) for group in data["up"]} == {"system": 1, "output": 0}
    assert kinds(data["up"])["output"] == 2
    assert get(api(bob), "output", system.outputs.first()).status_code == 404


def test_nothing_exists_for_those_who_may_not_read_the_board(api, bob, system, board):
    board.visibility = "members"
    board.save()
    for kind, thing in (("score", system.scores.first()), ("system", system), ("model", system.model)):
        assert get(api(bob), kind, thing).status_code == 404
        assert get(api(), kind, thing).status_code == 404


def test_a_person_has_one_alias_that_is_not_the_name(alice, bob):
    assert alias(alice) == alias(alice) != alias(bob)
    assert "alice" not in alias(alice)


@pytest.mark.parametrize("path", ["score/nonsense/", "nonsense/00000000-0000-4000-8000-000000000000/"])
def test_what_is_not_there_is_a_404(api, admin, path):
    assert api(admin).get(URL + path).status_code == 404


def test_the_page_is_a_graph_to_click_through(client, admin, system, board):
    client.force_login(admin)
    page = client.get(f"/lineage/snapshot/{board.snapshots.get().uuid}/").content.decode()
    assert f"/lineage/system/{system.uuid}/" in page
    assert f"/lineage/model/{system.model.uuid}/" in page


def test_edges_join_what_is_shown_above_and_below(api, admin, system, board):
    data = get(api(admin), "system", system).data
    shown = {f"system/{system.uuid}"} | {
        f"{node['kind']}/{node['id']}"
        for way in ("levels", "below")
        for level in data[way]
        for listed in level
        for node in listed["nodes"]
    }
    assert {end for edge in data["edges"] for end in edge} == shown
    assert [f"system/{system.uuid}", f"model/{system.model.uuid}"] in data["edges"]
    assert [f"leaderboard/{board.uuid}", f"snapshot/{board.snapshots.get().uuid}"] in data["edges"]


def test_an_old_snapshot_stays_readable_however_many_follow(api, admin, evaluation, board):
    first = board.snapshots.get()
    for number in range(2, 54):
        made = Snapshot.objects.create(
            leaderboard=board, number=number, sha256=str(number), definition=first.definition, inputs=first.inputs
        )
        made.systems.set(first.systems.all())
    assert get(api(), "snapshot", first).status_code == 200


def test_reading_an_output_under_its_models_name_ends_rating_it_blind(api, admin, system):
    get(api(admin), "output", system.outputs.first())
    assert Unblinding.objects.get().model == system.model
