"""Outputs fetched from a real HTTP server that speaks, and misspeaks, OpenAI's chat completions."""

import json
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from evaluation.chat_api import retry_after
from evaluation.models import Endpoint, Evaluation, Output, System
from evaluation.services import fetching
from evaluation.services.endpoints import change_endpoint, create_endpoint
from evaluation.services.evaluations import cancel_evaluation, resume_evaluation
from evaluation.services.fetching import fetch
from sftlab.audit.models import Event
from sftlab.errors import Unavailable
from sftlab.sealing import seal, unseal
from tests.evaluation.factories import make_evalset, make_evaluation, make_model
from training.models import LanguageModel
from training.retries import TryAgain

URL = "/api/v1/endpoints/"
KEY = "sk-of-nobody-0123456789"

Answer = Callable[[dict], tuple[int, dict[str, str], object]]


def completion(request):
    text = "ANSWER: " + request["messages"][-1]["content"]
    return {
        "model": "far-1-2026",
        "system_fingerprint": "fp_1",
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"completion_tokens": 7},
    }


def well(request):
    return 200, {}, completion(request)


class Far:
    """The server: `script` holds what it does with the next requests; then it answers well."""

    def __init__(self):
        self.script: list[Answer] = []
        self.requests: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self.lock = threading.Lock()
        far = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with far.lock:
                    far.requests.append(body)
                    far.headers.append({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}})
                    act = far.script.pop(0) if far.script else well
                status, headers, answer = act(body)
                content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def prompts(self):
        return [request["messages"][-1]["content"] for request in self.requests]


@pytest.fixture
def far():
    made = Far()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr(fetching, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(fetching, "LOOK_EVERY", 0.05)


@pytest.fixture
def endpoint(admin, far):
    return create_endpoint(actor=admin, name="far", base_url=far.url, remote_name="far-1", key=KEY, concurrency=1)


@pytest.fixture
def evaluation(admin, endpoint):
    return make_evaluation(admin, make_evalset(admin), endpoint.model, metrics=("chrf",))


def run(evaluation):
    fetch(system=evaluation.systems.select_related("evaluation__evalset", "model__endpoint").get())
    return evaluation.systems.get()


def says(status, message="no", **headers):
    return lambda request: (status, headers, {"error": {"message": message}})


class TestFetching:
    def test_an_evaluation_of_the_model_asks_its_endpoint(self, evaluation):
        assert evaluation.systems.get().source == "fetched"
        assert ProcrastinateJob.objects.get(task_name="evaluation.fetch").queue_name == "cpu"

    def test_every_item_is_asked_once_with_the_same_decoding(self, evaluation, far):
        system = run(evaluation)
        assert system.status == "done"
        assert len(far.requests) == len(set(far.prompts())) == 4
        assert {request["model"] for request in far.requests} == {"far-1"}
        assert {(request["temperature"], request["max_tokens"], request["seed"]) for request in far.requests} == {
            (0, 256, 0)
        }
        assert far.headers[0]["path"] == "/v1/chat/completions"
        assert far.headers[0]["authorization"] == f"Bearer {KEY}"

    def test_answers_are_kept_with_tokens_and_what_answered(self, evaluation, far):
        system = run(evaluation)
        output = system.outputs.get(item__key="zh-1")
        assert (output.text, output.finish, output.tokens) == ("ANSWER: 法国的首都是哪里？", "stop", 7)
        assert system.versions["answered"] == ["far-1-2026"]
        assert system.tokens == 28
        assert system.tokens_per_s > 0

    def test_the_last_answer_starts_the_scoring(self, evaluation, far):
        run(evaluation)
        evaluation.refresh_from_db()
        assert evaluation.status == "scoring"

    def test_a_busy_server_is_asked_again(self, evaluation, far):
        far.script = [says(503), says(429, **{"Retry-After": "0"}), says(500)]
        assert run(evaluation).status == "done"
        assert len(far.requests) == 7

    def test_a_dropped_connection_is_tried_again(self, evaluation, far):
        far.script = [lambda request: (200, {"Content-Length": "9999"}, b"{")]
        far.server.RequestHandlerClass.timeout = 1
        assert run(evaluation).status == "done"

    def test_a_server_that_wants_long_gets_it_from_the_queue(self, evaluation, far):
        far.script = [well, says(429, **{"Retry-After": "900"})]
        with pytest.raises(TryAgain) as asked:
            run(evaluation)
        assert asked.value.seconds == 900
        system = evaluation.systems.get()
        assert (system.status, system.done) == ("queued", 1)
        assert "900" in system.error

    def test_after_some_tries_it_gives_up_and_says_what_the_server_said(self, evaluation, far):
        far.script = [says(500, "out of order")] * fetching.TRIES
        system = run(evaluation)
        assert system.status == "failed"
        assert "out of order" in system.error
        assert len(far.requests) == fetching.TRIES

    def test_resumed_it_asks_only_for_what_is_missing(self, admin, evaluation, far):
        far.script = [well, well, *[says(500)] * fetching.TRIES]
        run(evaluation)
        there = set(far.prompts()[:2])
        far.requests.clear()
        evaluation.refresh_from_db()
        resume_evaluation(actor=admin, evaluation=evaluation)
        assert run(evaluation).status == "done"
        assert len(far.requests) == 2
        assert not there & set(far.prompts())

    @pytest.mark.parametrize(
        "act",
        [
            says(401, f"Incorrect API key provided: {KEY}"),
            lambda request: (302, {"Location": "http://127.0.0.1:1/"}, b""),
            lambda request: (200, {}, b"<html>"),
            lambda request: (200, {}, {"choices": []}),
            lambda request: (200, {}, {"choices": [{"message": {"content": ["a"]}}]}),
        ],
        ids=["unauthorised", "redirect", "html", "no choice", "not text"],
    )
    def test_what_will_not_get_better_is_not_tried_again(self, evaluation, far, act):
        far.script = [act]
        system = run(evaluation)
        assert system.status == "failed"
        assert system.error
        assert KEY not in system.error
        assert len(far.requests) == 1

    def test_an_empty_answer_is_an_answer(self, evaluation, far):
        nothing = {"choices": [{"message": {"content": None}, "finish_reason": "content_filter"}]}
        far.script = [lambda request: (200, {}, nothing)]
        assert run(evaluation).status == "done"
        assert Output.objects.filter(text="", finish="").count() == 1

    def test_a_model_without_its_endpoint_fails_and_says_so(self, evaluation, endpoint):
        endpoint.delete()
        assert "no endpoint" in run(evaluation).error

    def test_a_late_second_worker_writes_nothing_twice(self, evaluation, far):
        run(evaluation)
        run(evaluation)
        assert Output.objects.count() == 4
        assert len(far.requests) == 4


@pytest.mark.django_db(transaction=True)
def test_a_cancel_stops_it_while_the_server_is_silent(admin, endpoint, far):
    evaluation = make_evaluation(admin, make_evalset(admin), endpoint.model)
    asked, free = threading.Event(), threading.Event()

    def silent(request):
        asked.set()
        free.wait(30)
        return well(request)

    def cancel():
        asked.wait(30)
        cancel_evaluation(actor=admin, evaluation=Evaluation.objects.get(pk=evaluation.pk))
        connection.close()

    far.script = [well, silent]
    other = threading.Thread(target=cancel)
    other.start()
    system = run(evaluation)
    other.join()
    assert not free.is_set()
    free.set()
    assert (system.status, system.done) == ("cancelled", 1)


class TestKey:
    def test_is_in_no_answer_no_page_no_table_and_no_log(self, api, client, admin, far, caplog):
        caplog.set_level(logging.DEBUG)
        body = {"name": "far", "base_url": far.url, "remote_name": "far-1", "key": KEY}
        answer = api(admin).post(URL, body)
        assert answer.status_code == 201
        assert answer.data["has_key"] is True
        evaluation = make_evaluation(admin, make_evalset(admin), LanguageModel.objects.get(name="far"))
        run(evaluation)
        client.force_login(admin)
        stored = Endpoint.objects.get()
        shown = [
            answer.content.decode(),
            api(admin).get(f"{URL}{stored.uuid}/").content.decode(),
            client.get("/endpoints/").content.decode(),
            client.get(f"/endpoints/{stored.uuid}/").content.decode(),
            api(admin).get(f"/api/v1/evaluations/{evaluation.uuid}/").content.decode(),
            str(Endpoint.objects.values().get()),
            str(list(Event.objects.values())),
            str(list(ProcrastinateJob.objects.values())),
            str(list(System.objects.values())),
            caplog.text,
        ]
        assert [KEY in text for text in shown] == [False] * len(shown)
        assert far.headers[0]["authorization"] == f"Bearer {KEY}"

    def test_is_forgotten_with_another_address(self, admin, endpoint):
        change_endpoint(actor=admin, endpoint=endpoint, base_url="https://example.org/v1")
        assert Endpoint.objects.get().sealed_key == ""

    def test_stays_when_something_else_changes(self, api, admin, endpoint):
        assert api(admin).patch(f"{URL}{endpoint.uuid}/", {"concurrency": 8}).data["has_key"] is True

    def test_may_come_from_the_environment(self, admin, far, monkeypatch):
        monkeypatch.setenv("SFTLAB_KEY_FAR", "from-outside")
        made = create_endpoint(
            actor=admin, name="far", base_url=far.url, remote_name="far-1", key_variable="SFTLAB_KEY_FAR"
        )
        run(make_evaluation(admin, make_evalset(admin), made.model))
        assert far.headers[0]["authorization"] == "Bearer from-outside"

    def test_a_variable_that_is_not_set_is_named(self, admin, far, monkeypatch):
        monkeypatch.delenv("SFTLAB_KEY_FAR", raising=False)
        made = create_endpoint(
            actor=admin, name="far", base_url=far.url, remote_name="far-1", key_variable="SFTLAB_KEY_FAR"
        )
        assert "SFTLAB_KEY_FAR" in run(make_evaluation(admin, make_evalset(admin), made.model)).error
        assert far.requests == []

    def test_opens_with_an_old_secret_and_with_no_other(self, settings):
        sealed = seal("secret")
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another, as long as it has to be"
        assert unseal(sealed) == "secret"
        settings.SECRET_KEY_FALLBACKS = []
        with pytest.raises(Unavailable):
            unseal(sealed)


@pytest.mark.parametrize(
    ("fields", "faulty"),
    [
        ({"base_url": "ftp://example.org"}, "base_url"),
        ({"base_url": "https://user:pass@example.org/v1"}, "base_url"),
        ({"base_url": "https://example.org/v1?key=1"}, "base_url"),
        ({"base_url": "http://169.254.169.254/v1"}, "base_url"),
        ({"base_url": "http://[::1"}, "base_url"),
        ({"base_url": "http://example.org/v1", "key": KEY}, "base_url"),
        ({"key": "two words"}, "key"),
        ({"key": KEY, "key_variable": "SFTLAB_KEY_A"}, "key"),
        ({"key_variable": "DATABASE_URL"}, "key_variable"),
        ({"key_variable": "SFTLAB_SECRET_KEY"}, "key_variable"),
        ({"name": "here"}, "name"),
        ({"concurrency": 100}, "concurrency"),
    ],
)
def test_what_can_not_be_an_endpoint_is_refused(api, admin, fields, faulty):
    make_model(admin, "here", kind="folder", path="/here")
    body = {"name": "far", "base_url": "https://example.org/v1", "remote_name": "far-1", **fields}
    answer = api(admin).post(URL, body)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.data["errors"]] == [faulty]
    assert not Endpoint.objects.exists()


def test_a_model_has_one_endpoint(api, admin, endpoint):
    body = {"name": "far", "base_url": "https://example.org/v1", "remote_name": "far-1"}
    assert api(admin).post(URL, body).status_code == 400


def test_a_removed_endpoint_leaves_its_model(api, admin, endpoint):
    assert api(admin).delete(f"{URL}{endpoint.uuid}/").status_code == 204
    assert LanguageModel.objects.filter(name="far").exists()
    assert api(admin).get(f"{URL}{endpoint.uuid}/").status_code == 404


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_others_than_admins_are_refused(api, alice, endpoint, method):
    assert getattr(api(alice), method)(f"{URL}{endpoint.uuid}/").status_code == 403
    assert getattr(api(), method)(f"{URL}{endpoint.uuid}/").status_code == 401


def test_only_admins_list_and_add(api, alice):
    assert api(alice).get(URL).status_code == 403
    assert api(alice).post(URL, {}).status_code == 403


class TestPages:
    FORM = {"name": "far", "base_url": "https://example.org/v1", "remote_name": "far-1", "key": KEY, "concurrency": 4}

    def test_an_endpoint_is_added_changed_and_removed(self, client, admin):
        client.force_login(admin)
        assert "far-1" in client.post("/endpoints/", self.FORM, follow=True).content.decode()
        made = Endpoint.objects.get()
        client.post(f"/endpoints/{made.uuid}/", {**self.FORM, "key": "", "remote_name": "far-2"})
        made.refresh_from_db()
        assert made.remote_name == "far-2"
        assert made.sealed_key
        client.post(f"/endpoints/{made.uuid}/remove/")
        assert not Endpoint.objects.exists()

    def test_faults_stand_at_their_fields(self, client, admin):
        client.force_login(admin)
        page = client.post("/endpoints/", {**self.FORM, "base_url": "http://example.org/v1"}).content.decode()
        assert "must be https://" in page

    def test_do_not_exist_for_others(self, client, alice, endpoint):
        client.force_login(alice)
        assert client.get("/endpoints/").status_code == 404
        assert client.post(f"/endpoints/{endpoint.uuid}/remove/").status_code == 404


def test_retry_after_is_seconds_or_a_date():
    assert retry_after("12") == 12
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert retry_after(soon) == pytest.approx(60, abs=3)
    assert retry_after("soon") is None
    assert retry_after(None) is None
