"""Metrics that whoever runs the installation set up in a file."""

import json

import pytest
from django.core.exceptions import ImproperlyConfigured

from evaluation.metric_settings import metric_settings
from evaluation.models import Score
from evaluation.services.scoring import score
from tests.evaluation.factories import make_evalset, make_evaluation, make_model, upload
from tests.evaluation.metrics.test_local_module import SCRIPT

URL = "/api/v1/evaluations/"


@pytest.fixture
def write(settings, tmp_path):
    def written(**content):
        file = tmp_path / "metrics.json"
        file.write_text(json.dumps(content))
        settings.METRICS_FILE = str(file)

    return written


@pytest.fixture
def module(tmp_path):
    folder = tmp_path / "shared_letters"
    folder.mkdir()
    (folder / "shared_letters.py").write_text(SCRIPT)
    return str(folder)


def test_a_local_module_is_a_metric_like_the_others(client, api, admin, write, module, settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"
    write(modules=[module], options={"module:shared_letters": {"arguments": {"factor": 0.5}}})
    model = make_model(admin, "perfect")
    evaluation = make_evaluation(admin, make_evalset(admin), model, metrics=("module:shared_letters", "bleu"))
    upload(admin, evaluation, model)
    evaluation.refresh_from_db()
    score(evaluation=evaluation)
    found = Score.objects.get(metric="module:shared_letters", language="zh", category="")
    assert found.value == pytest.approx(0.5)
    assert "args:factor=0.5" in found.signature
    client.force_login(admin)
    assert "module:shared_letters" in client.get(f"/evaluations/{evaluation.uuid}/").content.decode()


def test_a_module_that_is_not_set_up_is_unknown(api, admin):
    body = {"evalset": make_evalset(admin).uuid, "models": [make_model(admin, "m").uuid], "metrics": ["module:/tmp"]}
    assert api(admin).post(URL, body).data["errors"][0]["field"] == "metrics[0]"


def test_encoders_go_before_the_demos(write):
    write(encoders={"zh": {"path": "/models/zh", "layer": 8}})
    spec = metric_settings().spec(["bertscore"])
    assert spec["encoders"]["zh"] == {"path": "/models/zh", "layer": 8}
    assert "en" in spec["encoders"]


def test_what_needs_setting_up_is_offered_once_it_is(client, admin, write):
    client.force_login(admin)
    assert 'value="pass_at_k"' not in client.get("/evaluations/new/").content.decode()
    write(options={"pass_at_k": {"allow": True}})
    assert 'value="pass_at_k"' in client.get("/evaluations/new/").content.decode()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({"encoder": {}}, "encoder is not known"),
        ({"options": {"blue": {}}}, "options.blue"),
        ({"modules": ["/nowhere"]}, "/nowhere"),
        ({"modules": ["relative"]}, "relative"),
    ],
)
def test_a_faulty_file_is_refused_with_its_fault(write, content, named):
    write(**content)
    with pytest.raises(ImproperlyConfigured, match=named):
        metric_settings()


def test_a_missing_file_is_named(settings):
    settings.METRICS_FILE = "/nowhere/metrics.json"
    with pytest.raises(ImproperlyConfigured, match=r"/nowhere/metrics\.json"):
        metric_settings()
