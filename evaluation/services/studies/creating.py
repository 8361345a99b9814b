"""A study is made whole, in one transaction: systems, sample, neutral answers, units and every presentation."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from evaluation.blinding import screen
from evaluation.models import EvalItem, Output
from evaluation.models.studies import Answer, Presentation, Study, StudySystem, Unit
from evaluation.presentations import Unit as Meeting
from evaluation.presentations import present, units
from evaluation.sampling import representation, sample
from evaluation.services.studies.checks import make_known
from evaluation.services.studies.requests import Asked, check, names_of
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput, NotPermitted

BATCH = 2000

Answers = dict[tuple[int, int], Answer]
"""By the item's place in the sample and the system's in the study."""


def check_may_start(user: User) -> None:
    if not user.is_admin:
        raise NotPermitted(_("Only administrators start studies."))


@transaction.atomic
def create_study(
    *,
    actor: User,
    evalset: UUID,
    models: Sequence[UUID],
    design: str,
    dimensions: Sequence[Any] | None = None,
    raters_per_unit: int = 3,
    name: str = "",
    instructions: str = "",
    evaluation: UUID | None = None,
    seed: int | None = None,
    config: Mapping[str, Any] | None = None,
) -> Study:
    """The systems are the models' finished outputs on the set, of `evaluation` or else the newest ones.

    Raises BadInput with every fault.
    """
    check_may_start(actor)
    asked = check(
        evalset=evalset,
        models=models,
        design=design,
        dimensions=dimensions,
        raters_per_unit=raters_per_unit,
        evaluation=evaluation,
        config=config or {},
        shown={"name": name, "instructions": instructions},
    )
    study = Study.objects.create(
        name=name or _("Study of %(day)s") % {"day": timezone.localdate().isoformat()},
        instructions=instructions,
        evalset=asked.evalset,
        design=design,
        dimensions=asked.dimensions,
        raters_per_unit=raters_per_unit,
        config=asked.config.to_json(),
        seed=int(get_random_string(9, "0123456789")) if seed is None else seed,
        created_by=actor,
        status=Study.Status.OPEN,
    )
    _fill(study, asked)
    record(actor=actor, verb="study.create", obj=study, data=_made_with(study, asked))
    return study


def _made_with(study: Study, asked: Asked) -> dict[str, Any]:
    systems = [str(one.uuid) for one in asked.systems]
    return {"seed": study.seed, "design": study.design, "systems": systems, "config": study.config}


def _fill(study: Study, asked: Asked) -> None:
    entered = StudySystem.objects.bulk_create(
        StudySystem(study=study, system=system, position=place) for place, system in enumerate(asked.systems)
    )
    items = _sampled(study, asked)
    answers = _answers(study, entered, items, names_of(asked.systems))
    most = asked.config.budget // study.raters_per_unit if asked.config.budget else None
    plan = units(
        items=len(items),
        systems=len(entered),
        pairwise=study.compares,
        seed=study.seed,
        most=most,
        held=frozenset(place for place, answer in answers.items() if answer.held),
    )
    if not plan:
        raise BadInput(_("Nothing is left to rate: every answer gives its author away, or the budget is too small."))
    _hand_out(study, items, answers, plan)
    make_known(study=study, items=list(asked.evalset.items.order_by("position")))


def _sampled(study: Study, asked: Asked) -> list[EvalItem]:
    items = list(asked.evalset.items.order_by("position"))
    strata = [(item.language, item.category) for item in items]
    chosen = sample(strata, size=asked.config.sample, seed=study.seed)
    study.sample = {**representation(strata, chosen)}
    study.save(update_fields=["sample"])
    return [items[place] for place in chosen]


def _answers(study: Study, entered: list[StudySystem], items: list[EvalItem], names: list[str]) -> Answers:
    places = {item.pk: place for place, item in enumerate(items)}
    answers: Answers = {}
    for system in entered:
        for output in Output.objects.filter(system_id=system.system_id, item__in=items):
            item = items[places[output.item_id]]
            answers[places[item.pk], system.position] = _neutral(study, system, item, output, names)
    Answer.objects.bulk_create(answers.values(), batch_size=BATCH)
    return answers


def _neutral(study: Study, system: StudySystem, item: EvalItem, output: Output, names: list[str]) -> Answer:
    prompt = "\n".join(str(turn.get("content", "")) for turn in item.turns)
    found = screen(output.text, prompt=prompt, systems=names)
    return Answer(
        study=study,
        item=item,
        system=system,
        output=output,
        text=found.text,
        replaced=list(found.replaced),
        held=list(found.held),
    )


def _hand_out(study: Study, items: list[EvalItem], answers: Answers, plan: list[Meeting]) -> None:
    made = Unit.objects.bulk_create(
        (
            Unit(
                study=study,
                item=items[one.item],
                first=answers[one.item, one.first],
                second=None if one.second is None else answers[one.item, one.second],
            )
            for one in plan
        ),
        batch_size=BATCH,
    )
    Presentation.objects.bulk_create(_presentations(study, plan, made), batch_size=BATCH)


def _presentations(study: Study, plan: list[Meeting], made: list[Unit]) -> Iterator[Presentation]:
    shown = present(plan, per_unit=study.raters_per_unit, seed=study.seed)
    for place, sides in enumerate(shown):
        yield Presentation(
            pool=study,
            item=made[sides.unit],
            number=place % study.raters_per_unit,
            swapped=sides.left != plan[sides.unit].first,
            ord=sides.unit,
        )
