import pytest

from sftlab.weights import smollm2
from tests.factories import training as make
from tests.factories.tiny_model import make_tiny_model

pytestmark = pytest.mark.django_db


def test_a_folder_is_read_and_hashed(api, admin, tmp_path):
    folder = make_tiny_model(tmp_path / "tiny")
    made = api(admin).post("/api/v1/models/", {"name": "tiny", "path": str(folder)}).json()
    assert (made["kind"], made["family"], made["parameters"]) == ("folder", "llama", 90_624)
    assert "model.safetensors" in {file["name"] for file in made["files"]}
    assert len(made["sha256"]) == 64


def test_the_demo_s_gguf_folder_is_understood(api, admin):
    made = api(admin).post("/api/v1/models/", {"name": "smollm2", "path": str(smollm2())}).json()
    assert (made["family"], made["parameters"], made["licence"]) == ("llama", 134_515_008, "apache-2.0")
    assert made["gguf_file"].endswith(".gguf")


def refusal(api, admin, **body):
    answer = api(admin).post("/api/v1/models/", {"name": "m", **body})
    assert answer.status_code == 400
    return answer.json()["errors"][0]


def test_a_missing_folder_is_named(api, admin):
    fault = refusal(api, admin, path="/nowhere/at/all")
    assert fault["field"] == "path"
    assert "/nowhere/at/all" in fault["reason"]


def test_a_path_that_the_system_refuses_is_no_fault_of_ours(api, admin):
    assert "can't be read" in refusal(api, admin, path="/" + "x" * 300)["reason"]


def test_a_truncated_weight_file_is_named(api, admin, tmp_path):
    weights = make_tiny_model(tmp_path / "tiny") / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert f"{weights} is cut short" in refusal(api, admin, path=str(weights.parent))["reason"]


def test_a_truncated_gguf_file_is_named(api, admin, tmp_path):
    whole = next(smollm2().glob("*.gguf"))
    (tmp_path / "cut.gguf").write_bytes(whole.read_bytes()[:9_000_000])
    assert "cut.gguf is no whole GGUF file" in refusal(api, admin, path=str(tmp_path))["reason"]


def test_pickled_weights_are_refused(api, admin, tmp_path):
    folder = make_tiny_model(tmp_path / "tiny")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "pickles" in refusal(api, admin, path=str(folder))["reason"]


def test_a_folder_without_a_model_says_so(api, admin, tmp_path):
    assert "config.json is missing" in refusal(api, admin, path=str(tmp_path))["reason"]


def test_an_unknown_template_lists_those_there_are(api, admin):
    assert "chatml" in refusal(api, admin, template="nothing")["reason"]


def test_a_name_is_taken_once(api, admin, tmp_path):
    make.model(admin, tmp_path, name="m")
    assert refusal(api, admin)["field"] == "name"


def test_a_model_that_lives_elsewhere_needs_no_weights(api, admin):
    assert api(admin).post("/api/v1/models/", {"name": "theirs"}).json()["kind"] == "external"


def test_others_may_not_register(api, alice):
    assert api(alice).post("/api/v1/models/", {"name": "m"}).status_code == 403


def test_others_see_none(api, alice, admin, tmp_path):
    model = make.model(admin, tmp_path)
    assert api(alice).get("/api/v1/models/").json()["count"] == 0
    assert api(alice).get(f"/api/v1/models/{model.uuid}/").status_code == 404
