"""The home page: what waits for this person, and for those who look after the loop, where each stage of it stands."""

import pytest
from django.utils.translation import override

from annotation.models import Membership
from tests.evaluation.factories import make_evalset, make_evaluation, make_model
from tests.factories import annotation as make


@pytest.fixture
def project(admin, alice, carol):
    made = make.project(admin, items=1, people=[alice], name="Essays")
    Membership.objects.create(project=made, user=carol, role="manager")
    return made


@pytest.fixture
def stages(client):
    def of(user):
        client.force_login(user)
        return {stage.title: stage for stage in client.get("/").context["stages"]}

    return of


def test_an_admin_sees_the_whole_loop_in_its_order(stages, admin):
    found = stages(admin)
    assert list(found) == ["Data", "Dataset versions", "Runs", "Evaluations", "Studies", "Leaderboards"]
    assert {stage.count for stage in found.values()} == {0}


def test_an_empty_stage_says_what_to_do(client, admin):
    client.force_login(admin)
    assert "Set up a project and import instructions." in client.get("/").content.decode()


def test_a_stage_says_how_its_newest_stands(stages, admin, project):
    model = make_model(admin, "opal")
    evaluation = make_evaluation(admin, make_evalset(admin), model)
    found = stages(admin)
    assert (found["Data"].count, found["Evaluations"].count) == (1, 1)
    assert found["Evaluations"].state == f"{evaluation}: {evaluation.get_status_display()}"


def test_a_manager_sees_the_stages_of_their_own_projects(stages, admin, carol, project):
    make.project(admin, name="Somebody else's")
    found = stages(carol)
    assert list(found) == ["Data", "Dataset versions", "Runs"]
    assert found["Data"].count == 1


def test_an_annotator_sees_their_work_and_no_stage(client, stages, alice, project):
    assert stages(alice) == {}
    assert [card.title for card in client.get("/").context["cards"]] == ["Essays"]


def test_the_stages_are_chinese_in_a_chinese_page(client, admin):
    client.force_login(admin)
    with override("zh-hans"):
        page = client.get("/", headers={"accept-language": "zh-hans"}).content.decode()
    assert "从数据到排行榜" in page
    assert "把项目中已通过的内容冻结为版本。" in page
