import pytest
from django.test import Client

from evaluation.models.studies import Presentation, Study
from evaluation.ranking import Cast
from evaluation.services.studies import rating as services
from evaluation.services.studies.adapting import BEGUN, steer
from evaluation.services.studies.report import make_report
from evaluation.services.studies.results import close_study, refresh
from evaluation.study_planning import plan, plan_scores
from tests.evaluation.studies.test_report import rate_all


def rate_some(user, study, votes):
    for _ in range(votes):
        rating = services.claim(user=user, study=study)
        services.submit(user=user, uuid=rating.uuid, key=str(rating.uuid), body={"choice": "left"})


def planned(**changed):
    asked = {"systems": 2, "win_rate": 0.6, "tie_rate": 0.0, "power": 0.8, "raters_per_unit": 3, "design_effect": 1.0}
    return plan(**{**asked, **changed})


def test_sixty_against_forty_takes_about_two_hundred_votes():
    """Fleiss, Levin & Paik 2003, chapter 4: (1.960 √.25 + .8416 √.24)² / .1² = 193.9."""
    assert planned().each == 194


@pytest.mark.parametrize("change", [{"systems": 5}, {"win_rate": 0.55}, {"tie_rate": 0.4}, {"power": 0.95}])
def test_more_asked_takes_more_votes(change):
    assert planned(**change).each > planned().each


def test_half_the_votes_see_it_less_often():
    assert planned().power_at_half < 0.8


def test_the_page_plans(admin):
    client = Client()
    client.force_login(admin)
    assert 'id="plan"' in client.get("/studies/plan/?systems=4&win_rate=65").content.decode()
    assert 'id="plan"' not in client.get("/studies/plan/?systems=1").content.decode()


def test_the_page_plans_scores_too(admin):
    client = Client()
    client.force_login(admin)
    page = client.get("/studies/plan/?judged=scores&systems=2&difference=0.5&deviation=1&raters_per_unit=2&power=80")
    assert page.context["plan"].each == 126
    assert page.context["plan"].items == 63


def test_half_a_point_takes_sixty_three_independent_scores_of_each():
    """Fleiss, Levin & Paik 2003: 2 (1.960 + .8416)² / .5² = 62.8."""
    found = plan_scores(systems=2, difference=0.5, deviation=1, power=0.8, raters_per_unit=1, design_effect=1.0)
    assert found.each == 63
    assert 0.4 < found.power_at_half < 0.6


def test_an_earlier_study_says_how_much_its_raters_and_items_share(admin, study, alice, bob):
    for user in (alice, bob):
        for choice in ("left", "right", "tie", "left"):
            rating = services.claim(user=user, study=study)
            services.submit(user=user, uuid=rating.uuid, key=str(rating.uuid), body={"choice": choice})
    ranking = refresh(study=Study.objects.get()).data["slices"]["|"]["ranking"]
    client = Client()
    client.force_login(admin)
    planned = client.get(f"/studies/plan/?like={study.uuid}").context["plan"]
    assert planned.design_effect == max(1.0, ranking["design_effect"])


def test_raters_do_not_plan(alice):
    client = Client()
    client.force_login(alice)
    assert client.get("/studies/plan/").status_code == 403


class TestAdaptivePairing:
    @pytest.fixture
    def adaptive(self, make_study, alice):
        return make_study(raters=[alice], config={"adaptive": True})

    def test_the_chances_are_stored_with_the_result(self, adaptive, alice):
        rate_all(alice, adaptive, "first")
        pairing = refresh(study=Study.objects.get()).data["pairing"]
        assert sum(one["chance"] for one in pairing) == pytest.approx(1)

    def test_the_report_holds_every_draw_and_its_chances(self, adaptive, admin, alice):
        for _ in range(2):
            rate_some(alice, adaptive, 2)
            refresh(study=Study.objects.get())
        close_study(actor=admin, study=Study.objects.get())
        report = make_report(study=Study.objects.get()).data["report"]
        assert [one["votes"] for one in report["pairing"]] == [2, 4]
        assert all(sum(pair["chance"] for pair in one["pairs"]) == pytest.approx(1) for one in report["pairing"])
        assert "pairing" in report["rules"]

    def test_what_is_begun_is_ended_first(self, adaptive, alice):
        rate_all(alice, adaptive, "first")
        refresh(study=Study.objects.get())
        assert set(Presentation.objects.filter(state="free").values_list("priority", flat=True)) == {BEGUN}

    def test_a_study_that_is_not_adaptive_keeps_its_plan(self, study):
        cast = [Cast("u", "i", "R", "a", "b", "left", {}, "en", "", False)]
        assert steer(study=study, cast=cast) is None
