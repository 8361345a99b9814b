from typing import Any

from django.db.models import F, Max, Q, QuerySet

from annotation.models import Membership
from sftlab.accounts.models import User
from training.models import LanguageModel, Metric, Preflight, Run


def trainer_model(model: LanguageModel) -> dict[str, Any]:
    """The `model` part of a child's spec."""
    return {
        "path": model.path,
        "gguf_file": model.gguf_file or None,
        "template": model.template or None,
        "adapter": model.adapter or None,
        "trust_remote_code": model.trust_remote_code,
    }


def visible_runs(user: User) -> "QuerySet[Run]":
    """All for an admin; for a manager, those that use a version of a project of theirs."""
    runs = Run.objects.select_related("base_model", "created_by", "tuned").prefetch_related(
        "datasets__version__project"
    )
    if user.is_admin:
        return runs
    managed = Membership.objects.filter(user=user, role=Membership.Role.MANAGER).values("project")
    return runs.filter(pk__in=Run.objects.filter(datasets__version__project__in=managed).values("pk"))


def visible_models(user: User) -> "QuerySet[LanguageModel]":
    """All for an admin; for a manager, models that were not made here and the results of runs they may see."""
    models = LanguageModel.objects.select_related("base", "run", "registered_by")
    if user.is_admin:
        return models
    if not may_look(user):
        return models.none()
    return models.filter(Q(run__isnull=True) | Q(run__in=visible_runs(user).values("pk")))


def may_look(user: User) -> bool:
    """Whether there is anything of training for this person to see."""
    return user.is_admin or Membership.objects.filter(user=user, role=Membership.Role.MANAGER).exists()


def visible_preflights(user: User) -> "QuerySet[Preflight]":
    return Preflight.objects.all() if user.is_admin else Preflight.objects.filter(created_by=user)


def metrics_after(run: Run, *, after: int, limit: int) -> list[Metric]:
    """In the order they came; a later attempt's point replaces an earlier one's of the same step."""
    return list(Metric.objects.filter(attempt__run=run, pk__gt=after).select_related("attempt").order_by("pk")[:limit])


MOST_POINTS = 1000


def curve(run: Run, kind: str) -> list[Metric]:
    """One point per step, the last attempt's; of a long run every n-th and the last, so that it is as quick to draw."""
    found = Metric.objects.filter(attempt__run=run, kind=kind)
    last = found.aggregate(last=Max("step"))["last"] or 0
    every = -(-found.count() // MOST_POINTS)
    if every > 1:
        found = found.annotate(rest=F("step") % every).filter(Q(rest=0) | Q(step=last))
    return list(found.order_by("step", "-attempt__number").distinct("step"))


def last_points(run: Run, count: int) -> list[Metric]:
    """The newest training points, the newest first."""
    return list(Metric.objects.filter(attempt__run=run, kind=Metric.Kind.TRAIN).order_by("-step", "-attempt")[:count])


def latest_values(run: Run, kind: str) -> dict[str, float]:
    """Of the newest point of this kind; empty when there is none."""
    newest = Metric.objects.filter(attempt__run=run, kind=kind).order_by("-pk").first()
    return newest.values if newest else {}
