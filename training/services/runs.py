from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypedDict
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from annotation.models import DatasetVersion
from annotation.selectors.withdrawals import refuse_withdrawn
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput, Conflict, FieldError
from training import code_version, jobs, rows
from training.models import LanguageModel, Preflight, Run, RunDataset
from training.services.models import check_files
from training.trainer.spec import TrainSpec, parse_spec


class DatasetChoice(TypedDict):
    version: UUID
    weight: float


@dataclass(frozen=True)
class Checked:
    """A request without faults, with every default written out."""

    base_model: LanguageModel
    datasets: list[tuple[DatasetVersion, float]]
    method: dict[str, Any]
    config: dict[str, Any]
    seed: int


@transaction.atomic
def create_run(
    *,
    actor: User,
    base_model: UUID,
    datasets: Sequence[DatasetChoice],
    method: Mapping[str, Any],
    config: Mapping[str, Any] | None = None,
    seed: int = 0,
    name: str = "",
) -> Run:
    """Freeze what decides the result, and queue it in the same transaction. Raises BadInput with every fault."""
    checked = check_run(base_model=base_model, datasets=datasets, method=method, config=config or {}, seed=seed)
    run = Run.objects.create(
        name=name or _name(checked),
        created_by=actor,
        base_model=checked.base_model,
        method=checked.method,
        config=checked.config,
        seed=seed,
        code_version=code_version.current(),
    )
    RunDataset.objects.bulk_create(
        RunDataset(run=run, version=version, position=position, weight=weight, sha256=version.sha256)
        for position, (version, weight) in enumerate(checked.datasets)
    )
    record(actor=actor, verb="run.create", obj=run, data={"base_model": str(base_model), "method": checked.method})
    jobs.execute(run)
    return run


@transaction.atomic
def create_preflight(
    *,
    actor: User,
    base_model: UUID,
    datasets: Sequence[DatasetChoice],
    method: Mapping[str, Any],
    config: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Preflight:
    """Queue a look at the run that the same values would make. Raises BadInput with every fault."""
    checked = check_run(base_model=base_model, datasets=datasets, method=method, config=config or {}, seed=seed)
    preflight = Preflight.objects.create(created_by=actor, request=request_of(checked))
    jobs.preflight(preflight)
    return preflight


def request_of(checked: Checked) -> dict[str, Any]:
    return {
        "base_model": str(checked.base_model.uuid),
        "datasets": [{"version": str(version.uuid), "weight": weight} for version, weight in checked.datasets],
        "method": checked.method,
        "config": checked.config,
        "seed": checked.seed,
    }


def check_run(
    *,
    base_model: UUID,
    datasets: Sequence[DatasetChoice],
    method: Mapping[str, Any],
    config: Mapping[str, Any],
    seed: int,
) -> Checked:
    """Raises BadInput with every fault of the model, the data, the method and the configuration at once.

    Raises Conflict when a row of the data was withdrawn.
    """
    faults: list[FieldError] = []
    model = _model(base_model, faults)
    chosen = _datasets(datasets, faults)
    spec = _spec(chosen, method, config, seed, faults)
    if faults or model is None or spec is None:
        raise BadInput(_("This run can't be made."), errors=faults)
    for version, _weight in chosen:
        refuse_withdrawn(version)
    return Checked(model, chosen, {"name": spec.method_name, **asdict(spec.method)}, asdict(spec.config), seed)


def _model(wanted: UUID, faults: list[FieldError]) -> LanguageModel | None:
    model = LanguageModel.objects.filter(uuid=wanted).first()
    reason = ""
    if model is None:
        reason = _("There is no such model.")
    elif model.problem:
        reason = model.problem
    elif not model.path:
        reason = _("This model's weights are not here, so it can't be trained.")
    elif model.adapter:
        reason = _("This model is an adapter on another: train on its base, or export it merged first.")
    else:
        try:
            check_files(model)
        except BadInput as error:
            reason = str(error.message)
    if reason:
        faults.append({"field": "base_model", "reason": reason})
        return None
    return model


def _datasets(choices: Sequence[DatasetChoice], faults: list[FieldError]) -> list[tuple[DatasetVersion, float]]:
    if not choices:
        faults.append({"field": "datasets", "reason": _("Name at least one dataset version.")})
    found = {v.uuid: v for v in DatasetVersion.objects.filter(uuid__in=[choice["version"] for choice in choices])}
    chosen: dict[UUID, tuple[DatasetVersion, float]] = {}
    for place, choice in enumerate(choices):
        version = found.get(choice["version"])
        if reason := _fault_of(version, already=choice["version"] in chosen):
            faults.append({"field": f"datasets[{place}].version", "reason": reason})
        elif version is not None:
            chosen[choice["version"]] = (version, float(choice.get("weight", 1.0)))
    return list(chosen.values())


def _fault_of(version: DatasetVersion | None, *, already: bool) -> str:
    if version is None:
        return _("There is no such dataset version.")
    if already:
        return _("This version is named twice; give it a larger weight instead.")
    if not rows.train_rows(version):
        return _("This version has no row to train on.")
    return ""


def _spec(
    chosen: Sequence[tuple[DatasetVersion, float]],
    method: Mapping[str, Any],
    config: Mapping[str, Any],
    seed: int,
    faults: list[FieldError],
) -> TrainSpec | None:
    """Read by the trainer's own reader, so that what is accepted here is accepted there."""
    raw = {
        "version": 1,
        "task": "train",
        "model": {"path": "/"},
        "data": [{"path": "data.jsonl", "weight": weight} for _version, weight in chosen] or [{"path": "none"}],
        "eval_data": [{"path": "eval.jsonl"} for version, _weight in chosen if rows.eval_split(version)],
        "method": dict(method),
        "config": dict(config),
        "seed": seed,
    }
    spec, found = parse_spec(raw)
    faults += [{"field": fault.field.replace("data", "datasets", 1), "reason": fault.reason} for fault in found]
    return spec.body if spec is not None and isinstance(spec.body, TrainSpec) else None


def _name(checked: Checked) -> str:
    return " · ".join([checked.base_model.name, checked.method["name"], str(checked.datasets[0][0])])[:120]


@transaction.atomic
def cancel_run(*, actor: User, run: Run) -> None:
    """A queued run is cancelled at once; a running one as soon as its process is confirmed dead. Raises Conflict."""
    locked = Run.objects.select_for_update().get(pk=run.pk)
    if locked.status == Run.Status.QUEUED:
        locked.transition(Run.Status.CANCELLED)
    elif locked.status != Run.Status.CANCELLING:
        locked.transition(Run.Status.CANCELLING)
    run.status = locked.status
    record(actor=actor, verb="run.cancel", obj=run)


@transaction.atomic
def resume_run(*, actor: User, run: Run) -> None:
    """Go on from the last good checkpoint, with a fresh count of tries. Raises Conflict unless cancelled or failed."""
    locked = Run.objects.select_for_update().get(pk=run.pk)
    if locked.status == Run.Status.FINISHED:
        raise Conflict(_("This run is finished; make a new one."), code="finished")
    for data in locked.datasets.select_related("version"):
        refuse_withdrawn(data.version)
    locked.transition(Run.Status.QUEUED, error={}, ended_at=None, tries_from=locked.fence)
    jobs.execute(locked)
    record(actor=actor, verb="run.resume", obj=locked)
    run.refresh_from_db()
