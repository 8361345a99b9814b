"""Hidden checks between ordinary ratings, the questions before a study, and what they do to a rater's standing."""

from collections import Counter

import pytest

from evaluation.models.studies import StudyMember, Unit, Vote
from evaluation.ranking import Cast
from evaluation.rater_stats import Checked, raters
from evaluation.services.studies import checks
from evaluation.services.studies import rating as services
from evaluation.services.studies.members import add_member, exclude_rater, set_standing
from evaluation.services.studies.results import compute, counted
from sftlab.errors import BadInput, Conflict, NotPermitted
from tests.evaluation.factories import make_evaluation, make_model, upload


@pytest.fixture
def long_study(admin, make_study, evalset, alice):
    """Three systems on four items: 12 units, a check after each."""

    def make(**config):
        models = [make_model(admin, f"opal-{number}x") for number in range(3)]
        evaluation = make_evaluation(admin, evalset, *models)
        for model in models:
            texts = {
                item.key: f"This answer to {item.key} has quite a number of different words, {model.pk}."
                for item in evalset.items.all()
            }
            upload(admin, evaluation, model, texts)
        return make_study(models=models, raters=[alice], raters_per_unit=1, config={"check_rate": 0.5, **config})

    return make


def rate_all(user, study, answer):
    while (rating := services.claim(user=user, study=study)) is not None:
        services.submit(user=user, uuid=rating.uuid, key=str(rating.uuid), body={"choice": answer(rating)})


def careful(rating):
    """Chooses what a check expects, and the first system else."""
    return "right" if rating.slot.swapped else "left"


def careless(rating):
    return "left" if rating.slot.swapped else "right"


def test_all_four_kinds_are_handed_out(long_study, alice):
    study = long_study()
    rate_all(alice, study, careful)
    kinds = Counter(Vote.objects.values_list("unit__kind", flat=True))
    assert kinds["ordinary"] == 12
    assert {"known", "degraded", "repeat", "swapped"} <= set(kinds)


def test_checks_are_outside_what_counts(long_study, alice):
    study = long_study()
    rate_all(alice, study, careful)
    assert len(counted(study)) == 12
    assert compute(study, counted(study))["votes"] == 12


def test_a_swapped_repeat_stands_the_other_way_round(long_study, alice):
    rate_all(alice, long_study(), careful)
    for vote in Vote.objects.filter(unit__kind__in=["swapped", "repeat"]).select_related("unit", "presentation"):
        before = Vote.objects.get(unit=vote.unit.of_id, rater=alice).presentation
        assert (vote.presentation.swapped != before.swapped) == (vote.unit.kind == "swapped")


def test_a_careful_rater_passes_and_stays(long_study, alice):
    study = long_study(pause_after=3)
    rate_all(alice, study, careful)
    assert not Vote.objects.filter(passed=False).exists()
    assert study.members.get().standing == "active"


def test_a_careless_rater_is_paused(long_study, alice):
    study = long_study(pause_after=3)
    with pytest.raises(NotPermitted) as refused:
        rate_all(alice, study, careless)
    assert refused.value.code == "paused"


def test_a_paused_rater_is_resumed_by_an_admin(long_study, admin, alice):
    study = long_study(pause_after=3)
    with pytest.raises(NotPermitted):
        rate_all(alice, study, careless)
    set_standing(actor=admin, study=study, member=study.members.get(), move="resume", reason="talked to her")
    assert services.claim(user=alice, study=study) is not None


def test_side_bound_raters_fail_swapped_repeats(long_study, alice):
    study = long_study(pause_below=0)
    rate_all(alice, study, lambda rating: "left")
    alias = study.members.get().alias
    measured = compute(study, counted(study))["raters"][alias]
    assert measured["left"]["share"] == 1.0
    assert measured["side_free"]["share"] == 0.0
    assert measured["consistent"]["n"] > measured["side_free"]["n"]


class TestQualifying:
    @pytest.fixture
    def study(self, make_study, carol, admin):
        study = make_study(config={"qualify": 2})
        add_member(actor=admin, study=study, username="carol", role="rater")
        return study

    def test_the_questions_come_first_and_teach(self, study, carol):
        rating = services.claim(user=carol, study=study)
        assert rating.item.qualifying
        vote, _fresh = services.submit(user=carol, uuid=rating.uuid, key="k", body={"choice": careless(rating)})
        assert checks.feedback_of(vote)["passed"] is False
        assert checks.feedback_of(vote)["why"].keys() == {"en", "zh"}

    def test_who_passes_goes_on_to_the_work(self, study, carol):
        for _ in range(2):
            rating = services.claim(user=carol, study=study)
            services.submit(user=carol, uuid=rating.uuid, key=str(rating.uuid), body={"choice": careful(rating)})
        assert services.claim(user=carol, study=study).item.kind == Unit.Kind.ORDINARY

    def test_who_fails_does_not_rate_unless_admitted(self, study, carol, admin):
        with pytest.raises(NotPermitted) as refused:
            rate_all(carol, study, careless)
        assert refused.value.code == "not_qualified"
        set_standing(actor=admin, study=study, member=study.members.get(), move="admit", reason="a misunderstanding")
        assert services.claim(user=carol, study=study) is not None

    def test_an_answered_question_is_not_taken_back(self, study, carol):
        rating = services.claim(user=carol, study=study)
        services.submit(user=carol, uuid=rating.uuid, key="k", body={"choice": "left"})
        with pytest.raises(Conflict):
            services.undo(user=carol, uuid=rating.uuid)

    def test_a_hidden_check_gives_no_feedback(self, long_study, alice):
        rate_all(alice, long_study(), careful)
        assert {checks.feedback_of(vote) is None for vote in Vote.objects.all()} == {True}


def test_an_admin_adds_questions(make_study, admin):
    study = make_study(config={"check_rate": 0})
    row = {"item": "en-1", "good": "Paris.", "bad": "Rome.", "why": {"en": "It is Paris.", "zh": "是巴黎。"}}
    assert checks.add_checks(actor=admin, study=study, rows=[row]) == 1
    with pytest.raises(BadInput):
        checks.add_checks(actor=admin, study=study, rows=[row | {"item": "nowhere"}])


def test_an_excluded_raters_votes_stop_counting_and_the_reason_is_kept(study, admin, alice, bob):
    rate_all(alice, study, careful)
    rate_all(bob, study, careless)
    exclude_rater(actor=admin, study=study, member=study.members.get(user=bob), reason="pressed one key")
    excluded = StudyMember.objects.filter(excluded_at__isnull=False).values_list("user_id", flat=True)
    assert len(counted(study, excluded=excluded)) == 4
    with pytest.raises(NotPermitted):
        services.claim(user=bob, study=study)


def test_nobody_is_excluded_without_a_reason(study, admin, bob):
    with pytest.raises(BadInput):
        exclude_rater(actor=admin, study=study, member=study.members.get(user=bob), reason=" ")


def test_shares_carry_intervals():
    vote = Cast("u", "i", "R", "a", "b", "left", {}, "en", "", False, 2.0)
    found = raters([vote], [Checked("R", "known", True), Checked("R", "degraded", None)])["R"]
    assert found["careful"]["n"] == 1
    assert found["careful"]["low"] < 1.0 == found["careful"]["share"]


def test_who_votes_like_the_others_is_told_from_who_does_not():
    def votes(rater, winner):
        return [
            Cast(f"u{number}", f"i{number}", rater, "a", "b", winner(number), {}, "en", "", False)
            for number in range(30)
        ]

    cast = [vote for rater in "XYZ" for vote in votes(rater, lambda number: ["left", "right"][number % 2])]
    cast += votes("odd", lambda number: ["right", "left"][number % 2])
    found = raters(cast, [])
    assert found["X"]["like_others"]["share"] > 0.9
    assert found["X"]["like_others"]["n"] == 30
    assert found["odd"]["like_others"]["share"] < 0.5


def test_who_rates_alone_is_like_nobody():
    vote = Cast("u", "i", "X", "a", "b", "left", {}, "en", "", False)
    assert raters([vote], [])["X"]["like_others"]["share"] is None
