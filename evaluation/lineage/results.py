"""From a leaderboard down to the outputs and votes it rests on."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from evaluation.lineage.data import marked
from evaluation.lineage.finding import by_uuid
from evaluation.lineage.nodes import Group, Kind, Node, Reader, known, nothing, one, some
from evaluation.lineage.standing import Standing, find_standing, votes_about
from evaluation.models import EvalSet, Leaderboard, Output, Score, Snapshot, Study, System, Vote

OF_SYSTEM = ("model__base", "evaluation__evalset")
OF_VOTE = ("study", "rater")


def _leaderboard(board: Leaderboard, reader: Reader) -> Node:
    facts = {"definition": board.definition, "visibility": board.get_visibility_display()}
    return Node("leaderboard", str(board.uuid), board.name, facts)


def _leaderboard_up(board: Leaderboard, most: int) -> list[Group]:
    return [some("snapshot", board.snapshots.select_related("leaderboard").order_by("-number"), most)]


def _snapshot(snapshot: Snapshot, reader: Reader) -> Node:
    facts = {"sha256": snapshot.sha256, "built_at": snapshot.created_at, "signatures": snapshot.inputs["signatures"]}
    label = _("%(name)s, snapshot %(number)s") % {"name": snapshot.leaderboard.name, "number": snapshot.number}
    scripted = bool(snapshot.inputs["study"] and snapshot.inputs["study"]["scripted_votes"])
    marks = marked(system.model for system in snapshot.systems.select_related("model__base"))
    return Node("snapshot", str(snapshot.uuid), label, facts, scripted=scripted, marks=marks)


def _snapshot_up(snapshot: Snapshot, most: int) -> list[Group]:
    systems = snapshot.systems.select_related(*OF_SYSTEM).order_by("pk")
    study = snapshot.inputs["study"]
    return [
        some("system", systems, most),
        *one("study", Study.objects.filter(uuid=study["study"]).first() if study else None),
        *one("evalset", EvalSet.objects.filter(uuid=snapshot.inputs["evalset"]["id"]).first()),
    ]


def _score(score: Score, reader: Reader) -> Node:
    facts = {
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "n": score.n,
        "signature": score.signature,
        "flags": score.flags,
        "reason": score.reason,
        **score.details,
    }
    parts = [score.metric, score.language, score.category, score.system.model.name]
    label = " · ".join(filter(None, parts))
    return Node("score", str(score.uuid), label, known(facts), marks=marked([score.system.model]))


def _score_up(score: Score, most: int) -> list[Group]:
    return [*one("system", score.system), some("output", _outputs_of(score), most, told=False)]


def _outputs_of(score: Score) -> Any:
    found = score.system.outputs.filter(item__language=score.language).select_related("item", "system__model")
    if score.category:
        found = found.filter(item__category=score.category)
    return found.order_by("item__position")


def _boards_on(system: System, most: int) -> Group:
    return some("snapshot", system.snapshots.select_related("leaderboard").order_by("-pk"), most)


def _system(system: System, reader: Reader) -> Node:
    evaluation = system.evaluation
    facts: dict[str, Any] = {
        "evaluation_set": str(evaluation.evalset),
        "outputs": system.done,
        "source": system.get_source_display(),
        "decoding": evaluation.decoding,
        "seed": evaluation.seed,
        "tokens": system.tokens,
        "tokens_per_s": system.tokens_per_s,
        "versions": system.versions,
        "finished_at": system.moved_at,
    }
    label = _("outputs of %(model)s") % {"model": system.model.name}
    return Node("system", str(system.uuid), label, known(facts), marks=marked([system.model]))


def _system_up(system: System, most: int) -> list[Group]:
    return [*one("model", system.model), *one("evalset", system.evaluation.evalset)]


def _system_down(system: System, most: int) -> list[Group]:
    studies = Study.objects.filter(systems__system=system).order_by("-pk")
    scores = system.scores.filter(category="", current=True).select_related("system__model")
    outputs = system.outputs.select_related("item", "system__model")
    return [
        some("score", scores.order_by("metric", "language"), most),
        some("output", outputs.order_by("item__position"), most, told=False),
        Group("standing", studies.count(), [Standing(study, system) for study in studies[:most]]),
        _boards_on(system, most),
    ]


def _evalset(evalset: EvalSet, reader: Reader) -> Node:
    facts = {"items": evalset.size, "sha256": evalset.sha256, "version": evalset.version, "made_at": evalset.created_at}
    return Node("evalset", str(evalset.uuid), str(evalset), facts)


def _evalset_down(evalset: EvalSet, most: int) -> list[Group]:
    systems = System.objects.filter(evaluation__evalset=evalset).select_related(*OF_SYSTEM)
    return [some("system", systems.order_by("-pk"), most)]


def _output(output: Output, reader: Reader) -> Node:
    facts = {
        "prompt": output.item.prompt,
        "text": output.text,
        "finish": output.finish,
        "tokens": output.tokens,
        "scores": {score.metric: score.value for score in output.scores.all()},
        "at": output.created_at,
    }
    return Node("output", str(output.uuid), f"{output.item.key} · {output.system.model.name}", facts)


def _output_down(output: Output, most: int) -> list[Group]:
    votes = (
        Vote.objects.filter(unit__first__output=output) | Vote.objects.filter(unit__second__output=output)
    ).distinct()
    return [some("vote", votes.select_related(*OF_VOTE).order_by("pk"), most, told=False)]


def _standing(found: Standing, reader: Reader) -> Node:
    label = _("%(model)s in “%(study)s”") % {"model": found.system.model.name, "study": found.study.name}
    scripted = votes_about(found).filter(scripted=True).exists()
    return Node("standing", found.uuid, label, known(found.facts), scripted=scripted)


def _standing_up(found: Standing, most: int) -> list[Group]:
    """Which votes were about one system is told to administrators: a rater must not learn whose an answer was."""
    votes = some("vote", votes_about(found).select_related(*OF_VOTE).order_by("pk"), most, told=False)
    return [votes, *one("study", found.study), *one("system", found.system)]


def _standing_down(found: Standing, most: int) -> list[Group]:
    boards = Leaderboard.objects.filter(study=found.study, snapshots__systems=found.system).distinct()
    return [some("leaderboard", boards.order_by("name"), most)]


def _study(study: Study, reader: Reader) -> Node:
    facts = {"design": study.get_design_display(), "status": Study.Status(study.status).label, "seed": study.seed}
    scripted = Vote.objects.filter(study=study, scripted=True).exists()
    return Node("study", str(study.uuid), study.name, facts, scripted=scripted)


def _study_up(study: Study, most: int) -> list[Group]:
    systems = System.objects.filter(pk__in=study.systems.values("system")).select_related(*OF_SYSTEM).order_by("pk")
    votes = Vote.objects.filter(study=study).select_related(*OF_VOTE).order_by("pk")
    return [some("vote", votes, most, told=not study.is_open), some("system", systems, most)]


def _study_down(study: Study, most: int) -> list[Group]:
    systems = System.objects.filter(pk__in=study.systems.values("system")).select_related("model").order_by("pk")
    standings = [Standing(study, system) for system in systems[:most]]
    return [
        Group("standing", systems.count(), standings),
        some("leaderboard", Leaderboard.objects.filter(study=study).order_by("name"), most),
    ]


def _score_down(score: Score, most: int) -> list[Group]:
    return [_boards_on(score.system, most)]


def _snapshot_down(snapshot: Snapshot, most: int) -> list[Group]:
    return one("leaderboard", snapshot.leaderboard)


def _output_up(output: Output, most: int) -> list[Group]:
    return one("system", output.system)


def _showing(system: System) -> Q:
    return Q(snapshots__systems=system) | Q(study__systems__system=system)


def _on(evalset: EvalSet) -> Q:
    return Q(evalset=evalset) | Q(snapshots__systems__evaluation__evalset=evalset)


KINDS = [
    Kind(
        *("leaderboard", by_uuid(Leaderboard), _leaderboard, _leaderboard_up, nothing),
        lambda board: Q(pk=board.pk),
    ),
    Kind(
        *("snapshot", by_uuid(Snapshot), _snapshot, _snapshot_up, _snapshot_down),
        lambda snapshot: Q(pk=snapshot.leaderboard_id),
    ),
    Kind("score", by_uuid(Score), _score, _score_up, _score_down, lambda score: _showing(score.system)),
    Kind("system", by_uuid(System), _system, _system_up, _system_down, _showing),
    Kind("evalset", by_uuid(EvalSet), _evalset, nothing, _evalset_down, _on),
    Kind("output", by_uuid(Output), _output, _output_up, _output_down),
    Kind("study", by_uuid(Study), _study, _study_up, _study_down, lambda study: Q(study=study)),
    Kind(
        *("standing", find_standing, _standing, _standing_up, _standing_down),
        lambda found: Q(study=found.study),
    ),
]
