"""Models, dataset versions and runs, as the services leave them."""

from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from annotation.models import DatasetVersion, Item, Project, VersionRow
from tests.factories.tiny_model import make_tiny_model
from training.models import Attempt, Device, Metric, Run
from training.services.models import register_model
from training.services.runs import create_run

QUICK = {"epochs": 2.0, "batch_size": 2, "learning_rate": 1e-2, "warmup_steps": 0, "threads": 1, "max_length": 256}


def version(owner, *, rows=8, evaluation=4, name="v1", project=None):
    """A frozen version whose rows are small sums, in the splits train and validation."""
    project = project or Project.objects.create(
        created_by=owner, name=f"project-{Project.objects.count()}", kind="write", language="en"
    )
    splits = ["train"] * rows + ["validation"] * evaluation
    made = DatasetVersion.objects.create(
        project=project,
        name=name,
        number=DatasetVersion.objects.filter(project=project).count() + 1,
        sha256=f"{DatasetVersion.objects.count():064x}",
        rows=len(splits),
        splits={name: splits.count(name) for name in dict.fromkeys(splits)},
        languages={"en": len(splits)},
        seed=0,
        created_by=owner,
    )
    for number, split in enumerate(splits):
        question = [{"role": "user", "content": f"{number}+1="}]
        item = Item.objects.create(project=project, messages=question, sha256=f"{made.pk}-{number}")
        VersionRow.objects.create(
            version=made,
            number=number,
            split=split,
            item=item,
            messages=[*question, {"role": "assistant", "content": str(number + 1)}],
            metadata={"difficulty": "easy"},
            sha256=f"{number:064x}",
        )
    return made


def model(owner, folder: Path, *, name="tiny"):
    return register_model(actor=owner, name=name, path=str(make_tiny_model(folder / name)))


def run(owner, folder: Path, *, base=None, data=None, method="lora", **config):
    return create_run(
        actor=owner,
        base_model=(base or model(owner, folder)).uuid,
        datasets=[{"version": (data or version(owner)).uuid, "weight": 1.0}],
        method={"name": method},
        config={**QUICK, **config},
        seed=7,
        name="a run",
    )


def attempt(run, *, number=1, status="running", host="here", **fields):
    device, _ = Device.objects.get_or_create(host=host, name="cpu")
    now = timezone.now()
    values = {"pid": 1, "pid_started": 0.0, "heartbeat_at": now, "lease_until": now + timedelta(seconds=60), **fields}
    Run.objects.filter(pk=run.pk).update(fence=number)
    return Attempt.objects.create(run=run, number=number, status=status, device=device, **values)


def points(run, *, losses=(), evals=()):
    """Curves as an attempt leaves them, from step 1 on."""
    tried = run.attempts.last() or attempt(run, status="finished")
    for kind, values in (("train", losses), ("eval", evals)):
        Metric.objects.bulk_create(
            Metric(attempt=tried, step=step, kind=kind, at=timezone.now(), values={"loss": loss})
            for step, loss in enumerate(values, 1)
        )
