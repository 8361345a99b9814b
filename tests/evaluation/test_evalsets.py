import pytest
from django.db import DatabaseError

from annotation.models import Item, Response
from annotation.services.datasets import create_version
from annotation.services.projects import create_project
from evaluation.models import EvalSet
from tests.evaluation.factories import make_evalset, records

URL = "/api/v1/evalsets/"


def post(api, person, items, name="basics"):
    return api(person).post(URL, {"name": name, "items": items})


def test_import_makes_version_1_with_a_digest(api, admin):
    answer = post(api, admin, records())
    assert answer.status_code == 201
    assert answer.data["version"] == 1
    assert answer.data["size"] == 4
    assert len(answer.data["sha256"]) == 64


def test_the_same_items_again_make_no_version(api, admin):
    first, second = post(api, admin, records()), post(api, admin, records())
    assert second.status_code == 200
    assert second.data["id"] == first.data["id"]


def test_other_items_make_the_next_version(api, admin):
    post(api, admin, records())
    assert post(api, admin, records()[:3]).data["version"] == 2


def test_every_fault_of_every_record_is_listed(api, admin):
    broken = [records()[0], {"id": "x", "turns": [{"role": "robot", "content": " "}]}, "text"]
    answer = post(api, admin, broken)
    assert answer.status_code == 400
    assert [fault["field"] for fault in answer.data["errors"]] == [
        "items[1].turns[0].role",
        "items[1].turns[0].content",
        "items[2]",
    ]
    assert not EvalSet.objects.exists()


def test_an_id_used_twice_is_refused(api, admin):
    answer = post(api, admin, [*records(), records()[0]])
    assert answer.data["errors"][0]["field"] == "items[4].id"


def test_instruction_and_output_are_a_record_too(api, admin):
    answer = post(api, admin, [{"instruction": "Translate.", "input": "bread", "output": "面包"}])
    found = EvalSet.objects.get(uuid=answer.data["id"]).items.get()
    assert found.turns == [{"role": "user", "content": "Translate.\n\nbread"}]
    assert found.references == ["面包"]


def test_a_missing_language_is_told_from_the_text(api, admin):
    answer = post(api, admin, [{"instruction": "天空为什么是蓝色的？", "output": "因为散射。"}])
    assert EvalSet.objects.get(uuid=answer.data["id"]).items.get().language == "zh"


def test_coverage_counts_languages_and_categories(api, admin):
    evalset = make_evalset(admin)
    answer = api(admin).get(f"{URL}{evalset.uuid}/coverage/")
    assert answer.data["languages"] == {"en": 2, "zh": 2}
    assert answer.data["language_by_category"][0] == {"category": "fact", "language": "en", "items": 1}


class TestContamination:
    @pytest.fixture
    def version(self, admin, alice):
        """One row that repeats an item's prompt, and one that has nothing of the set."""
        project = create_project(actor=admin, name="rows", kind="write", language="mixed")
        for place, text in enumerate(["Please: why is the sky blue?", "Count the windows of the house on the hill."]):
            item = Item.objects.create(project=project, messages=[{"role": "user", "content": text}], sha256=str(place))
            Response.objects.create(project=project, item=item, author=alice, output="Yes.", state="accepted")
        return create_version(actor=admin, project=project, name="v1")

    def test_items_that_occur_in_the_version_are_named(self, api, admin, version):
        evalset = make_evalset(admin)
        data = api(admin).get(f"{URL}{evalset.uuid}/contamination/?version={version.uuid}").data
        assert [(one["item"], one["part"]) for one in data["found"]] == [("en-2", "prompt")]
        assert (data["items"], data["rows"], data["contaminated"]) == (4, 2, 1)

    def test_the_page_shows_them(self, client, admin, version):
        client.force_login(admin)
        page = client.get(f"/evalsets/{make_evalset(admin).uuid}/?against={version.uuid}").content.decode()
        assert "1 of 4 items" in page

    def test_an_unknown_version_is_a_404(self, api, admin):
        nobody = "00000000-0000-4000-8000-000000000000"
        answer = api(admin).get(f"{URL}{make_evalset(admin).uuid}/contamination/?version={nobody}")
        assert answer.status_code == 404


def test_the_database_refuses_to_change_an_item(admin):
    with pytest.raises(DatabaseError, match="never changed"):
        make_evalset(admin).items.update(references=[])


@pytest.mark.parametrize("path", ["", "{id}/", "{id}/items/", "{id}/coverage/"])
def test_others_than_admins_are_refused(api, admin, alice, path):
    evalset = make_evalset(admin)
    assert api(alice).get(URL + path.format(id=evalset.uuid)).status_code == 403
