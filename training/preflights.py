"""The child that looks at a run before it is made."""

from pathlib import Path
from uuid import UUID

from annotation.models import DatasetVersion
from sftlab.errors import SFTLabError
from training.execution import TRAINER, through_outages, write_json
from training.models import LanguageModel, Preflight
from training.retries import HandedBack, TryAgain
from training.rows import write_data
from training.run_dirs import cache_dir, run_dir
from training.selectors import trainer_model
from training.services.attempts import error_of
from training.services.models import check_files
from training.supervisor import Outcome, log_tail, supervise

OVER = (Preflight.Status.DONE, Preflight.Status.FAILED)
TRIES = 3


def execute(preflight: Preflight) -> None:
    """Raises TryAgain when the child was lost or handed back."""
    if preflight.status in OVER:
        return
    preflight.transition(Preflight.Status.RUNNING, fence=preflight.fence + 1)
    outcome = _look(preflight)
    if outcome.ending == "stopped":
        raise HandedBack
    if outcome.ending == "killed" and preflight.fence < TRIES:
        raise TryAgain(1)
    through_outages(lambda: _settle(preflight, outcome))


def _look(preflight: Preflight) -> Outcome:
    folder = run_dir(preflight.uuid)
    try:
        prepare(preflight, folder)
        return supervise(
            folder, [*TRAINER, str(folder)], on_events=lambda _events, _offset: None, fence=preflight.fence
        )
    except (SFTLabError, OSError) as error:
        return Outcome("failed", errors=[{"code": "model_files", "message": str(error)}])


def _settle(preflight: Preflight, outcome: Outcome) -> None:
    if outcome.ending == "done":
        preflight.transition(Preflight.Status.DONE, result=outcome.result)
    else:
        error = error_of(outcome, log_tail(run_dir(preflight.uuid)))
        preflight.transition(Preflight.Status.FAILED, error=error)


def prepare(preflight: Preflight, folder: Path) -> None:
    request = preflight.request
    model = LanguageModel.objects.get(uuid=request["base_model"])
    check_files(model)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {UUID(choice["version"]): choice["weight"] for choice in request["datasets"]}
    versions = DatasetVersion.objects.in_bulk(list(weights), field_name="uuid")
    spec = {
        "version": 1,
        "task": "preflight",
        "model": trainer_model(model),
        **write_data(folder, [(versions[uuid], weight) for uuid, weight in weights.items()]),
        "method": request["method"],
        "config": request["config"],
        "seed": request["seed"],
        "fence": preflight.fence,
        "cache": str(cache_dir()),
    }
    write_json(folder / "spec.json", spec)
