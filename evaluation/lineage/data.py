"""From a model down to the rows it learnt from and who wrote them."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from annotation.models import DatasetVersion, Item, Response, VersionRow, Withdrawal
from annotation.selectors.withdrawals import withdrawn_in
from evaluation.lineage.finding import by_uuid
from evaluation.lineage.nodes import Group, Kind, Node, Reader, known, one, some
from evaluation.models import System
from evaluation.selectors.impact import descended, withdrawn_behind
from training.models import LanguageModel, Run


def _model(model: LanguageModel, reader: Reader) -> Node:
    facts = {
        "kind": model.get_kind_display(),
        "family": model.family,
        "parameters": model.parameters,
        "licence": model.licence,
        "weights_sha256": model.sha256,
        "adapter_sha256": model.adapter_sha256,
        "chat_template": model.template,
    }
    return Node("model", str(model.uuid), model.name, known(facts), marks=marked([model]))


def _model_up(model: LanguageModel, most: int) -> list[Group]:
    return [*one("run", model.run), *one("model", model.base)]


def _model_down(model: LanguageModel, most: int) -> list[Group]:
    systems = System.objects.filter(model=model).select_related("model__base", "evaluation__evalset")
    return [
        some("system", systems.order_by("-pk"), most),
        some("run", Run.objects.filter(base_model=model).order_by("-pk"), most),
    ]


def _run(run: Run, reader: Reader) -> Node:
    facts = {
        "status": run.get_status_display(),
        "method": run.method,
        "config": run.config,
        "seed": run.seed,
        "code_version": run.code_version,
        "eval_loss": run.result.get("eval_loss"),
        "base_eval_loss": run.result.get("base_eval_loss"),
        "versions": run.result.get("versions"),
        "started_at": run.started_at,
        "ended_at": run.ended_at,
    }
    withdrawn = any(withdrawn_in(used.version) for used in run.datasets.select_related("version"))
    return Node("run", str(run.uuid), run.name, known(facts), marks=_marked(withdrawn))


def _run_up(run: Run, most: int) -> list[Group]:
    versions = [used.version for used in run.datasets.select_related("version__project")]
    return [Group("version", len(versions), versions), *one("model", run.base_model)]


def _run_down(run: Run, most: int) -> list[Group]:
    return one("model", LanguageModel.objects.filter(run=run).first())


def _version(version: DatasetVersion, reader: Reader) -> Node:
    facts = {
        "rows": version.rows,
        "splits": version.splits,
        "languages": version.languages,
        "seed": version.seed,
        "sha256": version.sha256,
        "note": version.note,
        "made_at": version.created_at,
    }
    marks = _marked(bool(withdrawn_in(version)))
    return Node("version", str(version.uuid), f"{version.project} {version.name}", known(facts), marks=marks)


def _version_up(version: DatasetVersion, most: int) -> list[Group]:
    rows = Item.objects.filter(version_rows__version=version).order_by("version_rows__number")
    return [some("row", rows, most)]


def _version_down(version: DatasetVersion, most: int) -> list[Group]:
    return [some("run", Run.objects.filter(datasets__version=version).order_by("-pk"), most)]


def _row(row: Item, reader: Reader) -> Node:
    facts: dict[str, Any] = {"sha256": row.sha256}
    label = _("row %(sha256)s") % {"sha256": f"{row.sha256[:8]}…"}
    withdrawal = Withdrawal.objects.filter(item=row).first()
    if withdrawal is not None:
        facts |= {"withdrawn_at": withdrawal.created_at}
    if reader.is_admin:
        label = _short(row.messages[-1]["content"]) if row.messages else label
        facts = {"messages": row.messages, "input": row.input, "metadata": row.metadata, **facts}
        facts |= {"withdrawn_because": withdrawal.reason if withdrawal else None}
    return Node("row", str(row.uuid), label, known(facts), marks=_marked(withdrawal is not None))


def _row_up(row: Item, most: int) -> list[Group]:
    chosen = VersionRow.objects.filter(item=row, response__isnull=False).values("response")
    return [some("response", Response.objects.filter(pk__in=chosen).select_related("author").order_by("pk"), most)]


def _row_down(row: Item, most: int) -> list[Group]:
    versions = DatasetVersion.objects.filter(row_set__item=row).select_related("project").distinct()
    return [some("version", versions.order_by("-pk"), most)]


def _response(response: Response, reader: Reader) -> Node:
    facts: dict[str, Any] = {
        "state": response.get_state_display(),
        "guideline": response.guideline,
        "seconds": response.lead_time,
        "at": response.created_at,
    }
    label = _("response")
    if reader.is_admin:
        label = _short(response.output or _("a conversation"))
        facts = {"output": response.output, "messages": response.messages, **facts}
    return Node("response", str(response.uuid), label, known(facts), scripted=response.author.scripted)


def _response_up(response: Response, most: int) -> list[Group]:
    return [
        *one("person", response.author),
        some("review", response.reviews.select_related("reviewer").order_by("pk"), most),
        *one("response", response.replaces),
    ]


def _response_down(response: Response, most: int) -> list[Group]:
    return one("row", response.item)


def marked(models: Iterable[LanguageModel]) -> tuple[str, ...]:
    return _marked(bool(withdrawn_behind(models)))


def _marked(withdrawn: bool) -> tuple[str, ...]:
    return ("withdrawn",) if withdrawn else ()


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


def shown(models: Iterable[LanguageModel]) -> Q:
    """Leaderboards that show one of these models, or one that was tuned from them."""
    return Q(snapshots__systems__model__in=[model.pk for model in descended(models)])


def learnt_from(rows: Q) -> Q:
    """Leaderboards that show a model that learnt from these rows of versions."""
    versions = DatasetVersion.objects.filter(row_set__in=VersionRow.objects.filter(rows))
    return shown(LanguageModel.objects.filter(run__datasets__version__in=versions))


def of_response(response: Response) -> Q:
    """Also of one that a reviewer's fix took the place of."""
    fix = Response.objects.filter(replaces=response).first()
    return learnt_from(Q(response__in=[response, *([fix] if fix else [])]))


KINDS = [
    Kind("model", by_uuid(LanguageModel), _model, _model_up, _model_down, lambda model: shown([model])),
    Kind("run", by_uuid(Run), _run, _run_up, _run_down, lambda run: shown(LanguageModel.objects.filter(run=run))),
    Kind(
        *("version", by_uuid(DatasetVersion), _version, _version_up, _version_down),
        lambda version: learnt_from(Q(version=version)),
    ),
    Kind("row", by_uuid(Item), _row, _row_up, _row_down, lambda row: learnt_from(Q(item=row))),
    Kind("response", by_uuid(Response), _response, _response_up, _response_down, of_response),
]
