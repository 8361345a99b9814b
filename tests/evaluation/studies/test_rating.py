from collections import Counter
from uuid import uuid4

import pytest

from evaluation.models import Output
from evaluation.models.studies import Presentation, Rating, Vote
from evaluation.services.studies import rating as services
from evaluation.services.studies.members import add_member, saw_by_system
from evaluation.services.studies.results import close_study
from sftlab.accounts.models import User
from sftlab.audit.models import Event
from sftlab.errors import BadInput, Conflict, Missing, NotPermitted


def vote(user, study, choice="left", **more):
    rating = services.claim(user=user, study=study)
    services.submit(user=user, uuid=rating.uuid, key=str(rating.uuid), body={"choice": choice, **more})
    return rating


def test_a_claim_repeated_is_the_same_presentation(study, alice):
    assert services.claim(user=alice, study=study).pk == services.claim(user=alice, study=study).pk


def test_a_rater_gets_each_unit_once_and_then_nothing(study, alice):
    units = [vote(alice, study).item_id for _ in range(4)]
    assert len(set(units)) == 4
    assert services.claim(user=alice, study=study) is None


def test_every_unit_gets_exactly_its_raters(study, alice, bob):
    for _ in range(4):
        vote(alice, study)
        vote(bob, study, "tie")
    assert set(Counter(Vote.objects.values_list("unit", flat=True)).values()) == {2}
    assert not Presentation.objects.exclude(state="done").exists()


def test_each_rater_sees_each_system_on_both_sides_alike(study, alice):
    swapped = [vote(alice, study).slot.swapped for _ in range(4)]
    assert Counter(swapped) == {True: 2, False: 2}


def test_a_vote_said_twice_is_saved_once(study, alice):
    rating = services.claim(user=alice, study=study)
    said = {"user": alice, "uuid": rating.uuid, "key": "k", "body": {"choice": "tie"}}
    assert [services.submit(**said)[1], services.submit(**said)[1]] == [True, False]
    assert Vote.objects.count() == 1


def test_another_answer_under_the_same_key_is_refused(study, alice):
    rating = vote(alice, study)
    with pytest.raises(Conflict):
        services.submit(user=alice, uuid=rating.uuid, key=str(rating.uuid), body={"choice": "right"})


def test_somebody_elses_rating_is_missing(study, alice, bob):
    rating = services.claim(user=alice, study=study)
    with pytest.raises(Missing):
        services.submit(user=bob, uuid=rating.uuid, key="k", body={"choice": "tie"})
    with pytest.raises(Missing):
        services.undo(user=bob, uuid=uuid4())


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "choice"),
        ({"choice": "best"}, "choice"),
        ({"choice": "left", "reasons": ["charm"]}, "reasons"),
        ({"choice": "left", "harmful": ["middle"]}, "harmful"),
        ({"choice": "left", "lead_time": -1}, "lead_time"),
        ({"choice": "left", "comment": "x" * 5000}, "comment"),
        ({"choice": "left", "layout": "spiral"}, "layout"),
    ],
)
def test_faults_of_a_vote_are_named(study, alice, body, field):
    rating = services.claim(user=alice, study=study)
    with pytest.raises(BadInput) as refused:
        services.submit(user=alice, uuid=rating.uuid, key="k", body=body)
    assert [error["field"] for error in refused.value.errors] == [field]


def test_both_sides_are_scored_in_design_both(make_study, alice):
    study = make_study(raters=[alice], design="both", dimensions=["accuracy"])
    rating = services.claim(user=alice, study=study)
    body = {"choice": "left", "scores": {"left": {"accuracy": 5}, "right": {"accuracy": 6}}}
    with pytest.raises(BadInput) as refused:
        services.submit(user=alice, uuid=rating.uuid, key="k", body=body)
    assert [error["field"] for error in refused.value.errors] == ["scores.right.accuracy"]


def test_likert_scores_need_no_side(make_study, alice):
    study = make_study(raters=[alice], design="likert", dimensions=["accuracy"])
    rating = services.claim(user=alice, study=study)
    services.submit(user=alice, uuid=rating.uuid, key="k", body={"scores": {"accuracy": 4}})
    assert Vote.objects.get().scores == {"left": {"accuracy": 4}}


def test_undo_brings_the_same_comparison_back_with_the_vote_as_its_draft(study, alice):
    rating = vote(alice, study, "right", comment="hm")
    services.claim(user=alice, study=study)
    again = services.undo(user=alice, uuid=rating.uuid)
    assert (again.slot_id, again.draft["choice"], again.draft["comment"]) == (rating.slot_id, "right", "hm")
    assert not Vote.objects.exists()
    assert Event.objects.filter(verb="rating.undo", data__choice="right").exists()


def test_after_undo_the_vote_is_cast_anew(study, alice):
    rating = vote(alice, study, "right")
    again = services.undo(user=alice, uuid=rating.uuid)
    services.submit(user=alice, uuid=again.uuid, key="again", body={"choice": "left"})
    assert Vote.objects.get().choice == "left"


def test_undo_ends_with_the_next_vote(study, alice):
    first = vote(alice, study)
    vote(alice, study)
    with pytest.raises(Conflict):
        services.undo(user=alice, uuid=first.uuid)


def test_only_one_vote_can_be_taken_back(study, alice):
    first, second = vote(alice, study), vote(alice, study)
    services.undo(user=alice, uuid=second.uuid)
    with pytest.raises(Conflict):
        services.undo(user=alice, uuid=first.uuid)


def test_a_skipped_unit_goes_to_somebody_else(study, alice, bob):
    rating = services.claim(user=alice, study=study)
    services.skip(user=alice, uuid=rating.uuid, reason="not my field")
    units = {vote(alice, study).item_id for _ in range(3)}
    assert rating.item_id not in units
    assert services.claim(user=alice, study=study) is None
    assert rating.item_id in {vote(bob, study).item_id for _ in range(4)}


def test_drafts_are_kept(study, alice):
    rating = services.claim(user=alice, study=study)
    assert services.save_draft(user=alice, uuid=rating.uuid, draft={"comment": "half"})
    assert services.claim(user=alice, study=study).draft == {"comment": "half"}


def test_nothing_is_handed_out_or_taken_after_closing(study, admin, alice):
    rating = services.claim(user=alice, study=study)
    close_study(actor=admin, study=study)
    with pytest.raises(Conflict):
        services.submit(user=alice, uuid=rating.uuid, key="k", body={"choice": "left"})
    with pytest.raises(Conflict):
        services.claim(user=alice, study=study)


def test_a_stranger_does_not_rate(study, carol):
    with pytest.raises(NotPermitted):
        services.claim(user=carol, study=study)


def test_who_has_seen_the_outputs_by_system_cannot_become_a_rater(study, admin, carol, compared):
    saw_by_system(user=carol, evalset=study.evalset, models=compared[:1])
    with pytest.raises(Conflict):
        add_member(actor=admin, study=study, username="carol", role="rater")


def test_who_sees_the_outputs_by_system_stops_rating(study, alice, compared):
    rating = services.claim(user=alice, study=study)
    saw_by_system(user=alice, evalset=study.evalset, models=compared)
    assert Rating.objects.get(pk=rating.pk).state == "released"
    with pytest.raises(NotPermitted) as refused:
        services.claim(user=alice, study=study)
    assert refused.value.code == "exposed"


@pytest.mark.parametrize("kind", ["output", "system"])
def test_who_follows_an_output_back_stops_rating(api, study, alice, admin, kind):
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    output = Output.objects.first()
    services.claim(user=alice, study=study)
    key = {"output": output, "system": output.system}[kind].uuid
    assert api(User.objects.get(pk=alice.pk)).get(f"/api/v1/lineage/{kind}/{key}/").status_code == 200
    with pytest.raises(NotPermitted):
        services.claim(user=alice, study=study)


def test_who_brought_the_outputs_cannot_become_a_rater(make_study, admin):
    with pytest.raises(Conflict):
        make_study(raters=[admin])


def test_who_unblinded_what_is_logged_once(study, alice, compared):
    for _ in range(2):
        saw_by_system(user=alice, evalset=study.evalset, models=compared)
    assert Event.objects.filter(verb="outputs.unblind", actor_id=alice.pk).count() == 1


def test_votes_of_scripted_raters_are_marked(study, alice):
    alice.scripted = True
    alice.save()
    vote(alice, study)
    assert Vote.objects.get().scripted
