import csv
import io
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from evaluation.models import Leaderboard, Snapshot
from evaluation.services.leaderboards import build_snapshot, create_leaderboard
from sftlab.accounts.models import ApiToken, User
from sftlab.accounts.services import create_token
from sftlab.prepared import row
from tests.evaluation.factories import PERFECT, make_evalset, make_evaluation, make_model, score_here, upload

URL = "/api/v1/leaderboards/"
WORSE = {key: text[: len(text) // 2] for key, text in PERFECT.items()}


@pytest.fixture
def evalset(admin):
    return make_evalset(admin)


@pytest.fixture
def scored(admin, evalset):
    """Two models, scored: `good` says what the references say, `bad` half of it."""
    models = [make_model(admin, name) for name in ("bad", "good")]
    evaluation = make_evaluation(admin, evalset, *models)
    upload(admin, evaluation, models[0], WORSE)
    upload(admin, evaluation, models[1], PERFECT)
    score_here(evaluation)
    return evaluation


def make_board(admin, evalset, **options):
    return create_leaderboard(actor=admin, name="Board", evalset=evalset.uuid, **({"visibility": "public"} | options))


@pytest.fixture
def board(admin, evalset, scored):
    made = make_board(admin, evalset)
    build_snapshot(leaderboard=made)
    return made


def test_a_board_is_made_with_the_slices_of_its_set(api, admin, evalset):
    answer = api(admin).post(URL, {"name": "Board", "evalset": evalset.uuid})
    assert answer.status_code == 201
    assert answer.data["slug"] == "board"
    assert answer.data["definition"]["languages"] == ["en", "zh"]
    assert ProcrastinateJob.objects.filter(task_name="evaluation.build_snapshot").count() == 1


def test_two_boards_cannot_share_a_slug(api, admin, evalset):
    make_board(admin, evalset)
    answer = api(admin).post(URL, {"name": "Board", "evalset": evalset.uuid})
    assert answer.status_code == 400
    assert answer.data["errors"][0]["field"] == "slug"


def test_ordering_by_votes_needs_a_study(api, admin, evalset):
    answer = api(admin).post(URL, {"name": "Board", "evalset": evalset.uuid, "order": "rank"})
    assert answer.data["errors"][0]["field"] == "order"


def test_scoring_asks_for_new_snapshots(admin, evalset, scored):
    board = make_board(admin, evalset)
    assert build_snapshot(leaderboard=board).number == 1
    assert board.snapshots.get().inputs["evalset"]["sha256"] == evalset.sha256


def test_rows_are_ordered_and_carry_interval_and_signature(api, board):
    data = api().get(f"{URL}board/?language=en").json()
    assert [row["model"]["name"] for row in data["rows"]] == ["good", "bad"]
    cell = data["rows"][0]["metrics"]["bleu"]
    assert cell["value"] == pytest.approx(100)
    assert cell["low"] <= cell["value"] <= cell["high"] + 1e-9
    assert cell["signature"].startswith("bleu")
    assert cell["n"] == 2


def test_languages_stand_in_columns_of_their_own(api, board):
    data = api().get(f"{URL}board/").json()
    assert [column["key"] for column in data["columns"]] == ["bleu:en", "bleu:zh"]


def test_another_slice_is_a_400_that_lists_them(api, board):
    answer = api().get(f"{URL}board/?language=fr")
    assert answer.status_code == 400
    assert "en, zh" in answer.data["errors"][0]["reason"]


def test_an_unchanged_board_is_a_304(api, board):
    first = api().get(f"{URL}board/")
    again = api().get(f"{URL}board/", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    assert again["ETag"] == first["ETag"]
    assert not again.content


def test_csv_has_a_line_for_each_model(api, board):
    rows = list(csv.DictReader(io.StringIO(api().get(f"{URL}board/?language=zh&format=csv").content.decode())))
    assert [row["model"] for row in rows] == ["good", "bad"]
    assert rows[0]["bleu_signature"]


def test_nothing_new_makes_no_snapshot(board):
    assert build_snapshot(leaderboard=board) is None


def test_new_outputs_make_the_next_snapshot_and_keep_the_old_one(api, admin, evalset, board):
    before = api().get(f"{URL}board/").json()
    evaluation = make_evaluation(admin, evalset, make_model(admin, "third"))
    upload(admin, evaluation, evaluation.systems.get().model, WORSE)
    score_here(evaluation)
    assert build_snapshot(leaderboard=board).number == 2
    assert len(api().get(f"{URL}board/").json()["rows"]) == 3
    assert api().get(f"{URL}board/?snapshot=1").json() == before
    assert api().get(f"{URL}board/", {"as_of": before["created_at"]}).json() == before


def test_there_is_no_snapshot_before_the_first(api, board):
    assert api().get(f"{URL}board/?as_of=2001-01-01T00:00:00Z").status_code == 404


def test_equal_models_share_a_position(api, admin, evalset, board):
    evaluation = make_evaluation(admin, evalset, make_model(admin, "also bad"))
    upload(admin, evaluation, evaluation.systems.get().model, WORSE)
    score_here(evaluation)
    build_snapshot(leaderboard=board)
    rows = api().get(f"{URL}board/?language=en").json()["rows"]
    assert [(row["model"]["name"], row["position"]) for row in rows] == [("good", 1), ("also bad", 2), ("bad", 2)]


def test_columns_and_pages_are_cut_from_the_stored_rows(api, board):
    data = api().get(f"{URL}board/?columns=bleu:zh&page=2&page_size=1").json()
    assert data["count"] == 2
    assert [row["model"]["name"] for row in data["rows"]] == ["bad"]
    assert list(data["rows"][0]["metrics"]) == ["bleu:zh"]


def test_columns_choose_among_the_human_ones_too(api, board):
    (row, _other) = api().get(f"{URL}board/?columns=cost,bleu:zh").json()["rows"]
    assert list(row["metrics"]) == ["bleu:zh"]
    assert "cost" in row
    assert not {"rank", "strength", "votes", "likert"} & set(row)


def test_a_metric_names_its_columns_in_every_language(api, board):
    data = api().get(f"{URL}board/?columns=bleu").json()
    assert [column["key"] for column in data["columns"]] == ["bleu:en", "bleu:zh"]


def test_an_unknown_column_is_a_400_that_lists_them(api, board):
    answer = api().get(f"{URL}board/?columns=bleu:fr")
    assert answer.status_code == 400
    assert "strength" in answer.data["errors"][0]["reason"]
    assert "bleu:zh" in answer.data["errors"][0]["reason"]


def test_chosen_columns_as_csv(api, board):
    text = api().get(f"{URL}board/?language=en&columns=votes,bleu&format=csv").content.decode()
    head = text.splitlines()[0].split(",")
    assert "votes" in head
    assert "bleu_signature" in head
    assert "strength" not in head


def test_a_moment_is_taken_as_the_answer_writes_it(api, board):
    """With the zone's plus sign as it stands, which an address turns into a blank."""
    moment = api().get(f"{URL}board/").json()["created_at"]
    assert "+" in moment
    assert api().get(f"{URL}board/?as_of={moment}").status_code == 200


class TestOtherOrigins:
    """A dashboard's page in a browser, on another host."""

    def test_a_token_may_be_sent(self, api, board):
        asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"}
        answer = api().options(f"{URL}board/history/", headers=asked)
        assert answer.status_code == 204
        assert "Authorization" in answer["Access-Control-Allow-Headers"]
        assert "If-None-Match" in answer["Access-Control-Allow-Headers"]

    @pytest.mark.parametrize(
        "path", ["board/", "board/?language=fr", "board/history/", "board/badge.svg", "other/", ""]
    )
    def test_refusals_are_read_as_well_as_answers(self, api, board, path):
        answer = api().get(URL + path)
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert "ETag" in answer["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in answer

    def test_nothing_else_of_the_service(self, api, admin, board):
        assert "Access-Control-Allow-Origin" not in api(admin).get("/api/v1/projects/")
        assert "Access-Control-Allow-Origin" not in api(admin).post(f"{URL}board/gate/", {})


def test_a_read_is_one_statement_whatever_the_rows(api, board, monkeypatch):
    said = []
    monkeypatch.setattr("evaluation.api.quick.prepared.row", lambda sql, values: said.append(sql) or row(sql, values))
    assert api().get(f"{URL}board/").status_code == 200
    assert len(said) == 1


def test_the_quick_answer_and_the_long_one_are_the_same(api, board):
    quick = api().get(f"{URL}board/?language=en")
    long = api().get(f"{URL}board/?language=en&snapshot=1")
    assert quick.content == long.content
    assert quick["ETag"] == long["ETag"]
    assert quick["Content-Length"] == str(len(quick.content))


class TestTokens:
    """With a real token, as programs send it: the quick answer must refuse whom the view refuses."""

    @pytest.fixture
    def board(self, admin, alice, evalset, scored):
        made = make_board(admin, evalset, visibility="members", members=["alice"])
        build_snapshot(leaderboard=made)
        return made

    def get(self, client, user, **fields):
        token, text = create_token(user=user, scope="read")
        ApiToken.objects.filter(digest=token.digest).update(last_used_at=timezone.now(), **fields)
        return client.get(f"{URL}board/", headers={"Authorization": f"Token {text}"})

    def test_a_member_reads(self, client, board, alice):
        answer = self.get(client, alice)
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "private, no-cache"

    def test_another_does_not(self, client, board, bob):
        assert self.get(client, bob).status_code == 404

    def test_an_expired_token_does_not(self, client, board, alice):
        assert self.get(client, alice, expiry=timezone.now() - timedelta(1)).status_code == 401

    def test_a_switched_off_account_does_not(self, client, board, alice):
        User.objects.filter(pk=alice.pk).update(is_active=False)
        assert self.get(client, alice).status_code == 401

    def test_an_unknown_token_is_refused_on_a_public_board_too(self, client, board):
        Leaderboard.objects.update(visibility="public")
        assert client.get(f"{URL}board/", headers={"Authorization": "Token nonsense"}).status_code == 401

    def test_too_many_reads_are_a_429(self, client, board, alice, monkeypatch):
        monkeypatch.setattr("evaluation.api.reading.MOST_A_MINUTE", 0)
        answer = self.get(client, alice)
        assert answer.status_code == 429
        assert int(answer["Retry-After"]) <= 60


def test_an_address_that_is_none_is_refused_as_data_too(api, db):
    answer = api().get("/api/v1/leaderboards/a/b/c/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("query", ["page=0", "snapshot=x", "as_of=never", "format=xml"])
def test_a_bad_question_is_a_400(api, board, query):
    assert api().get(f"{URL}board/?{query}").status_code == 400


class TestWhoMayRead:
    @pytest.fixture
    def private(self, admin, evalset, scored, alice):
        made = make_board(admin, evalset, visibility="members", members=["alice"])
        build_snapshot(leaderboard=made)
        return made

    def test_members_read_it(self, api, private, alice):
        answer = api(alice).get(f"{URL}board/")
        assert answer.status_code == 200
        assert "Authorization" in answer["Vary"]
        assert "private" in answer["Cache-Control"]

    def test_for_others_it_does_not_exist(self, api, private, bob):
        for client in (api(bob), api()):
            assert client.get(f"{URL}board/").status_code == 404
            assert client.get(f"{URL}board/?snapshot=1").status_code == 404
            assert client.get(URL).data["count"] == 0

    def test_a_token_board_is_for_whoever_is_logged_in(self, api, admin, evalset, scored, bob):
        made = make_board(admin, evalset, visibility="token")
        build_snapshot(leaderboard=made)
        assert api(bob).get(f"{URL}board/").status_code == 200
        assert api().get(f"{URL}board/").status_code == 404

    def test_anyone_reads_a_public_one_from_any_origin(self, api, board):
        answer = api().get(f"{URL}board/")
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert answer["Cache-Control"] == "public, no-cache"

    def test_only_admins_change_it(self, api, admin, private, alice):
        assert api(alice).patch(f"{URL}board/", {"visibility": "public"}).status_code == 403
        assert api(admin).patch(f"{URL}board/", {"visibility": "public"}).status_code == 200
        assert Leaderboard.objects.get().visibility == "public"

    def test_only_admins_make_one(self, api, alice, evalset):
        body = {"name": "Mine", "evalset": evalset.uuid}
        assert api(alice).post(URL, body).status_code == 403
        assert api().post(URL, body).status_code == 401


def test_the_database_refuses_to_change_a_snapshot(board):
    with pytest.raises(DatabaseError, match="never changed"):
        Snapshot.objects.update(sha256="0" * 64)


class TestFurtherSets:
    """A general set beside the leaderboard's own, on which the order of the models is the other way round."""

    @pytest.fixture
    def general(self, admin, scored):
        made = make_evalset(admin, "General questions")
        bad, good = [system.model for system in scored.systems.order_by("pk")]
        evaluation = make_evaluation(admin, made, bad, good)
        upload(admin, evaluation, bad, PERFECT)
        upload(admin, evaluation, good, WORSE)
        score_here(evaluation)
        return made

    @pytest.fixture
    def board(self, api, admin, evalset, general):
        body = {"name": "Board", "evalset": evalset.uuid, "evalsets": [general.uuid], "visibility": "public"}
        assert api(admin).post(URL, body).status_code == 201
        made = Leaderboard.objects.get()
        build_snapshot(leaderboard=made)
        return made

    def test_their_scores_stand_in_columns_of_their_own(self, api, board):
        data = api().get(f"{URL}board/?language=en").json()
        assert [(one["key"], one["evalset"]) for one in data["columns"]] == [
            ("bleu", ""),
            ("bleu@general-questions", "general-questions"),
        ]
        first, second = data["rows"]
        assert first["model"]["name"] == "good"  # ordered by the leaderboard's own set
        assert (
            first["metrics"]["bleu@general-questions"]["value"] < second["metrics"]["bleu@general-questions"]["value"]
        )

    def test_a_new_score_there_moves_the_board_and_the_diff_says_so(self, api, admin, board, general, scored):
        ProcrastinateJob.objects.filter(task_name="evaluation.build_snapshot").delete()
        good = scored.systems.order_by("pk").last().model
        evaluation = make_evaluation(admin, general, good)
        upload(admin, evaluation, good, PERFECT)
        score_here(evaluation)
        assert ProcrastinateJob.objects.filter(task_name="evaluation.build_snapshot").count() == 1
        assert build_snapshot(leaderboard=board).number == 2
        changed = {one["what"] for one in api().get(f"{URL}board/diff/?from=1").data["inputs"]}
        assert changed == {"further", "scores"}

    def test_readers_follow_them_and_ask_the_gate_about_forgetting(self, api, bob, board, general, scored):
        data = api().get(f"{URL}board/?language=en").json()
        score = data["rows"][0]["metrics"]["bleu@general-questions"]["score"]
        assert api().get(f"/api/v1/lineage/score/{score}/").status_code == 200
        assert api().get(f"/api/v1/lineage/evalset/{general.uuid}/").status_code == 200
        bad, good = [str(system.model.uuid) for system in scored.systems.order_by("pk")]
        rules = [{"metric": "bleu", "language": "en", "evalset": str(general.uuid)}]
        answer = api(bob).post(f"{URL}board/gate/", {"model": good, "baseline": bad, "rules": rules})
        assert answer.data["verdict"] == "fail"

    def test_a_set_stands_there_once(self, api, admin, evalset):
        body = {"name": "Other", "evalset": evalset.uuid, "evalsets": [evalset.uuid]}
        assert api(admin).post(URL, body).data["errors"][0]["field"] == "evalsets[0]"
