from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput
from training import jobs, weight_files
from training.chat_templates import TEMPLATES
from training.models import LanguageModel, Run


@transaction.atomic
def register_model(
    *,
    actor: User,
    name: str,
    path: str = "",
    hub_id: str = "",
    gguf_file: str = "",
    template: str = "",
    licence: str = "",
    trust_remote_code: bool = False,
) -> LanguageModel:
    """A folder is read and hashed at once; a hub id is fetched by a job; with neither, the model lives elsewhere.

    Raises BadInput that names the file at fault.
    """
    if template and template not in TEMPLATES:
        reason = _("There is no template of this name; there are %(names)s.") % {"names": ", ".join(TEMPLATES)}
        raise BadInput(reason, errors=[{"field": "template", "reason": reason}])
    kind = LanguageModel.Kind
    model = LanguageModel(
        name=name,
        kind=kind.FOLDER if path else kind.HUB if hub_id else kind.EXTERNAL,
        path=path,
        hub_id=hub_id,
        gguf_file=gguf_file,
        template=template,
        licence=licence,
        trust_remote_code=trust_remote_code,
        registered_by=actor,
    )
    if path:
        fill_from_folder(model)
    _save(model)
    record(actor=actor, verb="model.register", obj=model, data={"name": name, "path": path, "hub_id": hub_id})
    if hub_id and not path:
        jobs.fetch_model(model)
    return model


def fill_from_folder(model: LanguageModel) -> None:
    """What the folder itself says goes before what was left open. Raises BadInput."""
    folder = Path(model.path)
    if not folder.is_absolute():
        reason = _("Give the whole path, from / on.")
        raise BadInput(reason, errors=[{"field": "path", "reason": reason}])
    found = weight_files.inspect(folder, model.gguf_file)
    files, digest = weight_files.hashed(folder, found.files)
    model.family, model.parameters, model.gguf_file = found.family, found.parameters, found.gguf_file
    model.licence = model.licence or found.licence
    model.files, model.sha256 = [asdict(file) for file in files], digest


def _save(model: LanguageModel) -> None:
    try:
        with transaction.atomic():
            model.save()
    except IntegrityError as error:
        reason = _("A model of this name is registered.")
        raise BadInput(reason, errors=[{"field": "name", "reason": reason}]) from error


def check_files(model: LanguageModel) -> None:
    """Raises BadInput that names what is missing or cut short."""
    weight_files.check_unchanged(Path(model.path), [weight_files.WeightFile(**file) for file in model.files])
    if model.adapter and not Path(model.adapter).is_dir():
        reason = _("The adapter's folder %(path)s is gone. Bring it back, or train anew.") % {"path": model.adapter}
        raise BadInput(reason, code="model_files", errors=[{"field": "path", "reason": reason}])


def fetch_model(*, model: LanguageModel, folder: Path) -> None:
    """From the hub into `folder`. What goes wrong is kept in `problem`."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        snapshot_download(model.hub_id, local_dir=folder, allow_patterns=list(weight_files.KEPT))
        model.path = str(folder)
        fill_from_folder(model)
    except (OSError, ValueError, HfHubHTTPError, HFValidationError, BadInput) as error:
        model.path, model.problem = "", str(error)
    else:
        model.problem = ""
    model.save()


def register_tuned(*, run: Run, result: dict[str, Any], folder: Path) -> LanguageModel:
    """A finished run's model, called in the transaction that finishes the run; a run has at most one."""
    files, digest = weight_files.hashed(folder, weight_files.list_files(folder))
    whole = run.method["name"] == "full"
    base = run.base_model
    return LanguageModel.objects.create(
        name=_free_name(run.name),
        kind=LanguageModel.Kind.TUNED,
        path=str(folder) if whole else base.path,
        gguf_file="" if whole else base.gguf_file,
        template=base.template,
        family=base.family,
        parameters=result.get("parameters") or base.parameters,
        licence=base.licence,
        trust_remote_code=base.trust_remote_code,
        files=[asdict(file) for file in files] if whole else base.files,
        sha256=digest if whole else base.sha256,
        base=base,
        adapter="" if whole else str(folder),
        adapter_sha256="" if whole else digest,
        run=run,
        registered_by=run.created_by,
    )


def _free_name(wanted: str) -> str:
    taken = set(LanguageModel.objects.filter(name__startswith=wanted).values_list("name", flat=True))
    names = [wanted, *(f"{wanted} ({number})" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)
