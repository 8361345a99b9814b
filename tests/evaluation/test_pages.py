import io
import json
from typing import ClassVar

import pytest

from evaluation.models import EvalSet, Evaluation, Leaderboard
from evaluation.services.leaderboards import build_snapshot, create_leaderboard
from tests.evaluation.factories import PERFECT, make_evalset, make_evaluation, make_model, records, score_here, upload
from tests.evaluation.worlds import make_tuned, make_version, make_world

WORSE = {key: text[: len(text) // 2] for key, text in PERFECT.items()}


@pytest.fixture
def evaluation(admin):
    evalset = make_evalset(admin)
    models = [make_model(admin, name) for name in ("bad", "good")]
    made = make_evaluation(admin, evalset, *models, metrics=("bleu", "length_ratio"))
    upload(admin, made, models[0], WORSE)
    upload(admin, made, models[1])
    score_here(made)
    return Evaluation.objects.get(pk=made.pk)


@pytest.fixture
def board(admin, evaluation):
    made = create_leaderboard(actor=admin, name="Board", evalset=evaluation.evalset.uuid, visibility="public")
    build_snapshot(leaderboard=made)
    return made


@pytest.fixture
def browser(client, admin):
    client.force_login(admin)
    return client


def text(answer):
    assert answer.status_code == 200
    return answer.content.decode()


def test_sets_are_listed_and_a_file_makes_one(browser):
    file = io.BytesIO("\n".join(json.dumps(row) for row in records()).encode())
    file.name = "eval.jsonl"
    answer = browser.post("/evalsets/", {"name": "basics", "file": file}, follow=True)
    assert "法国的首都是哪里？" in text(answer)
    assert EvalSet.objects.get().size == 4


def test_a_broken_line_of_the_file_is_named(browser):
    file = io.BytesIO(b'{"instruction": "a", "output": "b"}\n{"instr')
    file.name = "eval.jsonl"
    assert "Line 2" in text(browser.post("/evalsets/", {"name": "basics", "file": file}))


def test_an_evaluation_shows_scores_intervals_and_signatures(browser, evaluation):
    page = text(browser.get(f"/evaluations/{evaluation.uuid}/"))
    assert "BLEU" in page
    assert evaluation.systems.last().scores.get(metric="bleu", language="zh", category="").signature in page


def test_progress_asks_for_the_whole_page_at_the_end(browser, evaluation):
    assert browser.get(f"/evaluations/{evaluation.uuid}/progress/")["HX-Refresh"] == "true"


def test_outputs_stand_side_by_side(browser, evaluation):
    page = text(browser.get(f"/evaluations/{evaluation.uuid}/items/?metric=bleu&language=zh&diff=on"))
    assert "<ins>" in page or "<del>" in page
    assert "zh-1" in page
    assert "en-1" not in page


def test_an_evaluation_is_started_from_its_form(browser, admin):
    evalset, model = make_evalset(admin), make_model(admin, "elsewhere")
    form = {
        "evalset": evalset.pk,
        "models": [model.pk],
        "metrics": ["bleu"],
        "max_new_tokens": 32,
        "temperature": 1,
        "top_p": 1,
        "seed": 3,
    }
    answer = browser.post("/evaluations/new/", form, follow=True)
    assert "elsewhere" in text(answer)
    assert Evaluation.objects.get().decoding["max_new_tokens"] == 32


class TestUpload:
    @pytest.fixture
    def waiting(self, admin):
        return make_evaluation(admin, make_evalset(admin), make_model(admin, "elsewhere"))

    def send(self, browser, evaluation, content):
        file = io.BytesIO(content.encode())
        file.name = "outputs.jsonl"
        path = f"/evaluations/{evaluation.uuid}/systems/{evaluation.systems.get().uuid}/outputs/"
        return browser.post(path, {"file": file}, follow=True)

    def test_outputs_are_uploaded_where_they_are_waited_for(self, browser, waiting):
        assert "outputs/" in text(browser.get(f"/evaluations/{waiting.uuid}/"))
        lines = [json.dumps({"id": key, "text": value}) for key, value in PERFECT.items()]
        assert "4 outputs are saved" in text(self.send(browser, waiting, "\n".join(lines)))
        waiting.refresh_from_db()
        assert waiting.status == "scoring"

    def test_what_can_not_be_read_is_named(self, browser, waiting):
        assert "Line 2" in text(self.send(browser, waiting, '{"id": "en-1", "text": "a"}\n{"id'))
        assert "there is no such item" in text(self.send(browser, waiting, '{"id": "nowhere", "text": "a"}'))

    def test_a_line_separator_within_a_text_is_text(self, browser, waiting):
        self.send(browser, waiting, '{"id": "en-1", "text": "a\u2028b"}')
        assert waiting.systems.get().outputs.get().text == "a\u2028b"

    def test_a_file_that_is_too_large_is_refused(self, browser, waiting, monkeypatch):
        monkeypatch.setattr("evaluation.ui.forms.LARGEST_FILE", 10)
        assert "at most 32 MB" in text(self.send(browser, waiting, '{"id": "en-1", "text": "a"}'))
        assert waiting.systems.get().done == 0

    def test_others_can_not(self, client, alice, waiting):
        client.force_login(alice)
        assert self.send(client, waiting, "").status_code == 404


class TestBeforeARun:
    def ask(self, browser, evalset, *models):
        query = {"evalset": evalset.pk, "models": [model.pk for model in models]}
        return text(browser.get("/evaluations/before/", query))

    def test_says_what_the_set_holds(self, browser, admin):
        shown = self.ask(browser, make_evalset(admin))
        assert "English 2 · Chinese 2" in shown
        assert "fact 2 · science 2" in shown

    def test_names_what_a_chosen_model_was_trained_on_and_what_of_the_set_is_in_it(self, browser, admin, alice):
        version = make_version(admin, alice, "Why is the sky blue on the moon")
        base = make_model(admin, "base")
        shown = self.ask(browser, make_evalset(admin), base, make_tuned(admin, base, version))
        assert f"1 of 4 items occur in {version}" in shown
        assert "tuned on Why is the sky blue" in shown

    def test_a_model_from_elsewhere_has_nothing_to_compare_with(self, browser, admin):
        assert "None of the chosen models was trained here" in self.ask(
            browser, make_evalset(admin), make_model(admin, "elsewhere")
        )

    def test_does_not_exist_for_others(self, client, alice):
        client.force_login(alice)
        assert client.get("/evaluations/before/").status_code == 404


def test_a_leaderboard_is_for_anyone_when_public(client, board):
    page = text(client.get("/leaderboards/board/?language=en"))
    assert page.index("good") < page.index("bad</a>")
    assert "SHA-256" in page


def test_a_private_leaderboard_does_not_exist_for_others(client, board, bob):
    board.visibility = "members"
    board.save()
    client.force_login(bob)
    assert client.get("/leaderboards/board/").status_code == 404
    assert "Board" not in text(client.get("/leaderboards/"))


def test_chinese_pages_are_chinese(client, board):
    page = text(client.get("/leaderboards/board/", headers={"Accept-Language": "zh-hans"}))
    assert "排行榜" in page


@pytest.mark.parametrize("path", ["/evalsets/", "/evaluations/", "/evaluations/new/", "/leaderboards/new/"])
def test_others_than_admins_do_not_see_what_is_looked_after(client, alice, path):
    client.force_login(alice)
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/evalsets/", "/evaluations/", "/leaderboards/"])
def test_an_empty_list_says_what_to_do(browser, path):
    assert 'class="empty"' in text(browser.get(path))


class TestSettings:
    URL = "/leaderboards/board/settings/"
    FORM: ClassVar = {"name": "Board", "description": "Ours", "visibility": "members"}

    def test_an_admin_says_who_may_read(self, browser, board, alice, client):
        assert "alice" in text(browser.post(self.URL, {**self.FORM, "members": "alice"}, follow=True))
        client.force_login(alice)
        assert "Ours" in text(client.get("/leaderboards/board/"))

    def test_a_name_that_nobody_has_is_named(self, browser, board):
        assert "Nobody is called: zoe" in text(browser.post(self.URL, {**self.FORM, "members": "zoe"}))

    def test_a_webhooks_secret_is_shown_once(self, browser, board):
        page = text(browser.post("/leaderboards/board/webhooks/", {"url": "http://127.0.0.1:9/hook"}))
        webhook = board.webhooks.get()
        assert webhook.secret in page
        page = text(browser.get(self.URL))
        assert "http://127.0.0.1:9/hook" in page
        assert webhook.secret not in page
        text(browser.post(f"/leaderboards/board/webhooks/{webhook.uuid}/remove/", follow=True))
        assert not board.webhooks.filter(active=True).exists()

    def test_an_address_of_another_kind_is_refused(self, browser, board):
        assert "fault" in text(browser.post("/leaderboards/board/webhooks/", {"url": "ftp://example.org/"}))

    def test_it_does_not_exist_for_others(self, client, board, alice):
        client.force_login(alice)
        assert client.get(self.URL).status_code == 404
        assert client.post("/leaderboards/board/webhooks/", {"url": "https://example.org/"}).status_code == 404


def test_the_form_of_a_new_leaderboard_takes_metrics_order_and_members(browser, admin, evaluation, alice):
    general = make_evalset(admin, "general")
    form = {
        "evalsets": [general.pk],
        "name": "Lengths", "slug": "lengths", "evalset": evaluation.evalset.pk, "metrics": ["length_ratio"],
        "order": "length_ratio", "visibility": "members", "members": "alice",
    }  # fmt: skip
    text(browser.post("/leaderboards/new/", form, follow=True))
    made = Leaderboard.objects.get(slug="lengths")
    assert made.definition["evalsets"] == [str(general.uuid)]
    assert (made.definition["metrics"], made.definition["order"]) == (["length_ratio"], "length_ratio")
    assert [one.username for one in made.members.all()] == ["alice"]


def test_every_number_of_a_board_leads_to_its_lineage(client, admin, alice):
    world = make_world(admin, alice, visibility="public")
    page = text(client.get("/leaderboards/board/"))
    kinds = world.kinds()
    for kind in ("score", "standing", "model", "system", "snapshot"):
        assert f"/lineage/{kind}/{kinds[kind]}/" in page


def test_the_page_says_what_moved_since_the_snapshot_before(client, admin, board, evaluation):
    third = make_evaluation(admin, evaluation.evalset, make_model(admin, "third"))
    upload(admin, third, third.systems.get().model, WORSE)
    score_here(third)
    build_snapshot(leaderboard=board)
    page = text(client.get("/leaderboards/board/?language=en"))
    assert "What changed since snapshot 1" in page
    assert "third" in page[page.index("What changed") :]
    assert "What changed" not in text(client.get("/leaderboards/board/?snapshot=1"))
