"""History, diff, gate, badge and webhooks of a leaderboard, through the API."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from evaluation.models import Delivery, Webhook
from evaluation.services.leaderboards import build_snapshot, create_leaderboard
from evaluation.services.webhooks import ATTEMPTS, deliver
from sftlab.client import is_genuine
from tests.evaluation.factories import PERFECT, make_evalset, make_evaluation, make_model, score_here, upload

URL = "/api/v1/leaderboards/board/"
WORSE = {key: text[: len(text) // 2] for key, text in PERFECT.items()}


@pytest.fixture
def evalset(admin):
    return make_evalset(admin)


@pytest.fixture
def models(admin):
    return {name: make_model(admin, name) for name in ("good", "bad")}


def evaluate(admin, evalset, model, texts):
    evaluation = make_evaluation(admin, evalset, model)
    upload(admin, evaluation, model, texts)
    score_here(evaluation)


@pytest.fixture
def board(admin, evalset, models):
    evaluate(admin, evalset, models["good"], PERFECT)
    evaluate(admin, evalset, models["bad"], WORSE)
    made = create_leaderboard(actor=admin, name="Board", evalset=evalset.uuid, visibility="public")
    build_snapshot(leaderboard=made)
    return made


@pytest.fixture
def improved(admin, evalset, models, board):
    """The second snapshot: `bad` has new outputs."""
    evaluate(admin, evalset, models["bad"], PERFECT)
    build_snapshot(leaderboard=board)
    return board


def test_history_has_a_point_for_each_snapshot(api, models, improved):
    (found,) = api().get(f"{URL}history/?model={models['bad'].uuid}&language=en").data
    assert [point["position"] for point in found["points"]] == [2, 1]
    assert found["points"][1]["metrics"]["bleu"]["value"] == pytest.approx(100)


def test_diff_says_what_moved_and_which_input_moved_it(api, models, improved):
    found = api().get(f"{URL}diff/?from=1&language=en").data
    assert [one["model"]["name"] for one in found["moved"]] == ["bad"]
    assert {(one["what"], one["model"]) for one in found["inputs"] if "model" in one} >= {
        ("outputs_sha256", str(models["bad"].uuid)),
        ("scores", str(models["bad"].uuid)),
    }
    assert str(models["good"].uuid) not in {one.get("model") for one in found["inputs"]}


@pytest.mark.parametrize("path", ["history/", "diff/?from=1"])
def test_what_was_read_already_is_a_304_until_the_next_snapshot(api, admin, evalset, models, board, path):
    tag = {"If-None-Match": api().get(URL + path)["ETag"]}
    assert api().get(URL + path, headers=tag).status_code == 304
    evaluate(admin, evalset, models["bad"], PERFECT)
    build_snapshot(leaderboard=board)
    assert api().get(URL + path, headers=tag).status_code == 200


def test_another_question_has_another_etag(api, board):
    tags = {api().get(f"{URL}history/{query}")["ETag"] for query in ("", "?language=en", "?language=zh")}
    assert len(tags) == 3


@pytest.mark.parametrize("path", ["history/?language=fr", "diff/", "diff/?from=0", "history/?model=x"])
def test_a_bad_question_is_a_400(api, board, path):
    assert api().get(URL + path).status_code == 400


@pytest.mark.parametrize("path", ["diff/?from=9", "history/?model=00000000-0000-4000-8000-000000000000"])
def test_what_is_not_there_is_a_404(api, board, path):
    assert api().get(URL + path).status_code == 404


class TestGate:
    def ask(self, api, person, model, baseline, **rule):
        rules = [{"metric": "bleu", "language": "en", "demand": "better", **rule}]
        return api(person).post(f"{URL}gate/", {"model": model.uuid, "baseline": baseline.uuid, "rules": rules})

    def test_a_clearly_better_model_passes(self, api, bob, models, board):
        answer = self.ask(api, bob, models["good"], models["bad"])
        assert answer.data["verdict"] == "pass"
        evidence = answer.data["rules"][0]["evidence"]
        assert evidence["n"] == 2
        assert evidence["low"] > 0
        assert evidence["signature"].startswith("bleu")

    def test_a_worse_model_fails(self, api, bob, models, board):
        assert self.ask(api, bob, models["bad"], models["good"]).data["verdict"] == "fail"

    def test_languages_are_not_put_together(self, api, bob, models, board):
        answer = self.ask(api, bob, models["good"], models["bad"], language="")
        assert answer.data["verdict"] == "undetermined"
        assert "language" in answer.data["rules"][0]["evidence"]["reason"]

    def test_another_set_is_looked_at_for_forgetting(self, api, admin, models, board):
        general = make_evalset(admin, "general")
        answer = self.ask(api, admin, models["good"], models["bad"], evalset=str(general.uuid))
        assert answer.data["verdict"] == "undetermined"
        for model, texts in ((models["good"], WORSE), (models["bad"], PERFECT)):
            evaluate(admin, general, model, texts)
        forgotten = self.ask(api, admin, models["good"], models["bad"], demand="not_worse", evalset=str(general.uuid))
        assert forgotten.data["verdict"] == "fail"

    def test_without_a_study_strength_is_undetermined(self, api, bob, models, board):
        answer = self.ask(api, bob, models["good"], models["bad"], metric="strength")
        assert answer.data["verdict"] == "undetermined"

    def test_a_model_that_is_not_there_is_a_400(self, api, admin, models, board):
        answer = self.ask(api, admin, make_model(admin, "third"), models["bad"])
        assert answer.data["errors"][0]["field"] == "model"

    def test_nobody_is_asked_to_log_in(self, api, models, board):
        assert self.ask(api, None, models["good"], models["bad"]).status_code == 401


def test_a_badge_says_the_place(api, models, board):
    answer = api().get(f"{URL}badge.svg?model={models['good'].uuid}&language=en")
    assert answer["Content-Type"] == "image/svg+xml"
    assert "1 / 2" in answer.content.decode()
    assert api().get(f"{URL}badge.svg", headers={"If-None-Match": "*"}).status_code == 304


@pytest.mark.parametrize("path", ["history/", "diff/?from=1", "badge.svg", "webhooks/", "gate/"])
def test_beside_a_private_board_nothing_exists_for_others(api, board, bob, path):
    board.visibility = "members"
    board.save()
    client = api(bob)
    answer = client.post(URL + path, {}) if path == "gate/" else client.get(URL + path)
    assert answer.status_code == 404


class TestWebhooks:
    @pytest.fixture
    def heard(self):
        """A program that listens; `status` is what it answers."""

        class Heard(BaseHTTPRequestHandler):
            status, messages = 204, []

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.messages.append((dict(self.headers), body))
                self.send_response(self.status)
                self.end_headers()

            def log_message(self, *args):
                pass

        server = HTTPServer(("127.0.0.1", 0), Heard)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        Heard.url = f"http://127.0.0.1:{server.server_port}/hook"
        yield Heard
        server.shutdown()
        server.server_close()

    @pytest.fixture
    def webhook(self, api, admin, board, heard):
        return api(admin).post(f"{URL}webhooks/", {"url": heard.url}).data

    def test_a_new_snapshot_is_told_and_signed(self, admin, evalset, models, board, heard, webhook):
        evaluate(admin, evalset, models["bad"], PERFECT)
        build_snapshot(leaderboard=board)
        deliver(delivery=Delivery.objects.get())
        ((headers, body),) = heard.messages
        assert json.loads(body)["snapshot"] == 2
        assert is_genuine(webhook["secret"], headers["X-SFTLab-Signature"], body)
        assert not is_genuine(webhook["secret"], headers["X-SFTLab-Signature"], body + b" ")
        assert not is_genuine("another", headers["X-SFTLab-Signature"], body)
        assert not is_genuine(webhook["secret"], headers["X-SFTLab-Signature"], body, seconds=-1)
        assert Delivery.objects.get().delivered_at

    def test_what_was_not_taken_is_sent_again_later(self, improved_with_webhook, heard):
        heard.status = 500
        deliver(delivery=improved_with_webhook)
        improved_with_webhook.refresh_from_db()
        assert improved_with_webhook.delivered_at is None
        assert improved_with_webhook.answer == "500"
        again = ProcrastinateJob.objects.filter(task_name="evaluation.deliver").latest("id")
        assert again.scheduled_at is not None

    def test_it_gives_up_in_the_end(self, improved_with_webhook, heard):
        heard.status = 500
        for _attempt in range(ATTEMPTS + 2):
            improved_with_webhook.refresh_from_db()
            deliver(delivery=improved_with_webhook)
        assert len(heard.messages) == ATTEMPTS
        assert improved_with_webhook.gave_up_at

    @pytest.fixture
    def improved_with_webhook(self, admin, evalset, models, board, webhook):
        evaluate(admin, evalset, models["bad"], PERFECT)
        build_snapshot(leaderboard=board)
        return Delivery.objects.get()

    def test_the_secret_is_shown_once(self, api, admin, webhook):
        assert "secret" not in api(admin).get(f"{URL}webhooks/").data[0]

    def test_a_removed_one_is_told_nothing(self, api, admin, board, webhook, evalset, models):
        assert api(admin).delete(f"{URL}webhooks/{webhook['id']}/").status_code == 204
        evaluate(admin, evalset, models["bad"], PERFECT)
        build_snapshot(leaderboard=board)
        assert not Delivery.objects.exists()

    def test_a_service_that_others_reach_calls_nothing_in_its_own_network(self, api, admin, board, settings):
        settings.IS_LOCAL = False
        answer = api(admin).post(f"{URL}webhooks/", {"url": "http://127.0.0.1/admin"})
        assert answer.status_code == 400

    def test_the_list_says_how_the_last_one_went(self, api, admin, improved_with_webhook, heard):
        heard.status = 503
        deliver(delivery=improved_with_webhook)
        (found,) = api(admin).get(f"{URL}webhooks/").data
        last = found["last_delivery"]
        assert (last["snapshot"], last["attempts"], last["answer"], last["delivered_at"]) == (2, 1, "503", None)

    @pytest.fixture
    def resolves(self, monkeypatch):
        """`resolves(address)`: what every name leads to from now on."""

        def lead(address):
            monkeypatch.setattr(
                "evaluation.services.webhooks.socket.getaddrinfo",
                lambda _name, port, *_args, **_options: [(2, 1, 6, "", (address, port))],
            )

        return lead

    def test_a_name_that_leads_inside_by_now_is_not_called(
        self, api, admin, models, evalset, board, settings, resolves
    ):
        settings.IS_LOCAL = False
        resolves("93.184.215.14")
        assert api(admin).post(f"{URL}webhooks/", {"url": "http://hook.example/"}).status_code == 201
        evaluate(admin, evalset, models["bad"], PERFECT)
        build_snapshot(leaderboard=board)
        for address in ("10.0.0.7", "169.254.169.254", "::ffff:127.0.0.1", "fd00::1", "224.0.0.1"):
            resolves(address)
            deliver(delivery=Delivery.objects.get())
            assert "BadInput" in Delivery.objects.get().answer

    def test_the_address_that_was_checked_is_the_one_that_is_called(
        self, improved_with_webhook, heard, settings, resolves, monkeypatch
    ):
        """The listener stands for the outside here; by its name the message would go elsewhere."""
        settings.IS_LOCAL = False
        monkeypatch.setattr("evaluation.services.webhooks._is_outside", lambda address: address == "127.0.0.1")
        resolves("127.0.0.1")
        url = heard.url.replace("127.0.0.1", "hook.invalid")
        Webhook.objects.update(url=url)
        deliver(delivery=Delivery.objects.select_related("webhook").get())
        ((headers, _body),) = heard.messages
        assert headers["Host"] == url.split("/")[2]

    def test_only_admins_add_them(self, api, bob, board):
        assert api(bob).post(f"{URL}webhooks/", {"url": "https://example.org/"}).status_code == 403
