import pytest

from tests.factories import training as make
from training.models import Preflight, Run
from training.services.runs import create_preflight

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TOKENS = [
    {"text": "<|im_start|>user\n", "supervised": False},
    {"text": "水的沸点是多少？", "supervised": False},
    {"text": "<|im_end|>\n<|im_start|>assistant\n", "supervised": False},
    {"text": "在标准大气压下是 100 摄氏度。", "supervised": True},
    {"text": "<|im_end|>", "supervised": True},
]
LOOK = {
    "rows": [{"id": "a3f1", "tokens": TOKENS}],
    "counts": {
        "rows": 160,
        "tokens": 21_400,
        "supervised_tokens": 14_100,
        "steps": 60,
        "dropped": {"too_long": {"count": 2, "ids": ["x", "y"]}},
    },
    "memory": {"peak_mb": 1840.0, "available_mb": 16_300.0, "fits": True, "reason": ""},
    "time": {"seconds": 192.0, "tokens_per_s": 111.4},
}


@pytest.fixture
def run(admin, tmp_path, settings):
    settings.VAR_DIR = tmp_path
    made = make.run(admin, tmp_path)
    make.points(made, losses=[3.0 / (1 + step / 20) for step in range(60)], evals=[3.1, 2.2, 1.7, 1.5])
    progress = {"step": 40, "steps": 60, "eta_seconds": 95, "what": "train"}
    Run.objects.filter(pk=made.pk).update(status="running", progress=progress)
    return made


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_a_running_run_shows_its_curves(open_as, admin, run, shoot, assert_accessible, lang):
    page = open_as(admin, f"/runs/{run.uuid}/", lang=lang)
    page.wait_for_selector("[data-drawn] .trace")
    shoot(page, f"run-{lang}")
    assert page.complaints == []
    assert_accessible(page)


def test_a_new_point_is_drawn_without_a_reload(open_as, admin, run):
    page = open_as(admin, f"/runs/{run.uuid}/")
    page.wait_for_selector("[data-drawn] .trace")
    Run.objects.filter(pk=run.pk).update(progress={"step": 55, "steps": 60})
    page.wait_for_selector("text=55 / 60")


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_the_form_of_a_run(open_as, admin, run, shoot, assert_accessible, lang):
    page = open_as(admin, "/runs/new/", lang=lang)
    shoot(page, f"run-new-{lang}")
    assert page.complaints == []
    assert_accessible(page)


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_a_look_before_the_run(open_as, admin, run, shoot, assert_accessible, lang):
    preflight = create_preflight(
        actor=admin,
        base_model=run.base_model.uuid,
        datasets=[{"version": run.datasets.get().version.uuid, "weight": 1.0}],
        method={"name": "lora"},
    )
    Preflight.objects.update(status="done", result=LOOK)
    page = open_as(admin, f"/runs/preflights/{preflight.uuid}/", lang=lang)
    shoot(page, f"preflight-{lang}")
    assert page.complaints == []
    assert_accessible(page)


@pytest.mark.parametrize("path", ["/runs/", "/models/"])
def test_the_lists(open_as, admin, run, shoot, assert_accessible, path):
    page = open_as(admin, path)
    shoot(page, path.strip("/"))
    assert page.complaints == []
    assert_accessible(page)
