"""A leaderboard with everything behind it: a row, its response and review, a version, a run, outputs, votes."""

from dataclasses import dataclass
from typing import Any

from annotation.models import DatasetVersion, Item, Response, Review
from annotation.services.datasets import create_version
from annotation.services.projects import create_project
from evaluation.models import Leaderboard, Study
from evaluation.services.leaderboards import build_snapshot, create_leaderboard
from evaluation.services.studies import rating as ratings
from evaluation.services.studies.creating import create_study
from evaluation.services.studies.members import add_member
from evaluation.services.studies.report import make_report
from evaluation.services.studies.results import close_study
from sftlab.accounts.models import User
from tests.evaluation.factories import PERFECT, make_evalset, make_evaluation, make_model, score_here, upload
from training.models import LanguageModel, Run, RunDataset


def make_version(admin: User, author: User, name: str, rows: int = 2) -> DatasetVersion:
    project = create_project(actor=admin, name=name, kind="write", language="en")
    for number in range(rows):
        item = Item.objects.create(
            project=project, messages=[{"role": "user", "content": f"{name} {number}"}], sha256=f"{name}{number}"
        )
        response = Response.objects.create(
            project=project, item=item, author=author, output="An answer.", state="accepted"
        )
        Review.objects.create(response=response, reviewer=admin, verdict="accept", comment="A comment.")
    return create_version(actor=admin, project=project, name="v1", splits={"train": 1.0})


def make_tuned(admin: User, base: LanguageModel, version: DatasetVersion) -> LanguageModel:
    run = Run.objects.create(
        name=version.project.name, created_by=admin, base_model=base, method={}, config={}, status="finished"
    )
    RunDataset.objects.create(run=run, version=version, position=0, sha256=version.sha256)
    return make_model(admin, f"tuned on {version.project.name}", kind="tuned", run=run, base=base)


@dataclass
class World:
    board: Leaderboard
    study: Study
    base: LanguageModel
    tuned: LanguageModel
    version: DatasetVersion

    def kinds(self) -> dict[str, Any]:
        """One id of each kind of lineage, as administrators know it."""
        tuned = self.board.current.systems.get(model=self.tuned)
        row = self.version.row_set.first()
        return {
            "leaderboard": self.board.uuid,
            "snapshot": self.board.current.uuid,
            "score": tuned.scores.first().uuid,
            "system": tuned.uuid,
            "evalset": self.board.evalset.uuid,
            "output": tuned.outputs.first().uuid,
            "study": self.study.uuid,
            "standing": f"{self.study.uuid}.{tuned.uuid}",
            "vote": self.study.votes.first().uuid,
            "model": self.tuned.uuid,
            "run": self.tuned.run.uuid,
            "version": self.version.uuid,
            "row": row.item.uuid,
            "response": row.response.uuid,
            "review": row.response.reviews.get().uuid,
            "person": row.response.author.uuid,
        }


def make_world(admin: User, author: User, *, name: str = "board", **board: Any) -> World:
    """A base and a model tuned from it, scored, and compared blind by the author; the study is closed."""
    base = make_model(admin, f"{name}'s base")
    version = make_version(admin, author, f"{name}'s data")
    tuned = make_tuned(admin, base, version)
    evaluation = make_evaluation(admin, make_evalset(admin, f"{name}'s set"), base, tuned)
    upload(admin, evaluation, base, {key: text[: len(text) // 2] for key, text in PERFECT.items()})
    upload(admin, evaluation, tuned)
    score_here(evaluation)
    study = create_study(
        actor=admin, evalset=evaluation.evalset.uuid, models=[base.uuid, tuned.uuid], design="pairwise",
        raters_per_unit=1, seed=7, name=f"{name}'s study", config={"check_rate": 0},
    )  # fmt: skip
    add_member(actor=admin, study=study, username=author.username, role="rater")
    while (claimed := ratings.claim(user=author, study=study)) is not None:
        ratings.submit(user=author, uuid=claimed.uuid, key=str(claimed.uuid), body={"choice": "left"})
    close_study(actor=admin, study=study)
    study.refresh_from_db()
    make_report(study=study)
    made = create_leaderboard(actor=admin, name=name, evalset=evaluation.evalset.uuid, study=study.uuid, **board)
    build_snapshot(leaderboard=made)
    made.refresh_from_db()
    return World(made, study, base, tuned, version)
