"""A run's diagnosis in words."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from training.diagnosis import Finding, diagnose
from training.measurements import OF_FILE
from training.models import Metric, Run
from training.rows import eval_name
from training.selectors import curve


@dataclass(frozen=True)
class Words:
    kind: str
    tone: str
    title: str
    evidence: str


def findings(run: Run) -> list[Words]:
    train = [(p.step, p.values["loss"]) for p in curve(run, Metric.Kind.TRAIN) if "loss" in p.values]
    scored = curve(run, Metric.Kind.EVAL)
    evaluation = [(p.step, p.values["loss"]) for p in scored if "loss" in p.values]
    apart = {
        str(data.version): [(p.step, p.values[key]) for p in scored if key in p.values]
        for data in run.datasets.all()
        for key in [f"{OF_FILE}{eval_name(data.position)}"]
    }
    over = run.status == Run.Status.FINISHED
    return [in_words(finding) for finding in diagnose(train, evaluation, over=over, apart=apart)]


def in_words(finding: Finding) -> Words:
    texts = {
        "overfitting": (
            "warn",
            _("It overfits."),
            _(
                "The evaluation loss was lowest at step %(best_step)d (%(best).3f) and is %(last).3f at step "
                "%(last_step)d. Fewer epochs, a lower rate or more rows help; the best checkpoint is what is kept."
            ),
        ),
        "underfitting": (
            "",
            _("There is more to learn."),
            _(
                "The evaluation loss was still falling at the end: from %(before).3f to %(last).3f at step "
                "%(last_step)d. More epochs or a higher rate would bring it further."
            ),
        ),
        "diverging": (
            "bad",
            _("It diverges."),
            _(
                "The training loss of the last quarter is %(last).3f on average, that of the first was %(first).3f. "
                "Take a tenth of the learning rate, or a longer warm-up."
            ),
        ),
        "forgetting": (
            "warn",
            _("It forgets."),
            _(
                "On the evaluation rows of %(of)s the base had a loss of %(base).3f, and it is %(last).3f at step "
                "%(last_step)d. Mix in more rows of that kind, take a lower rate or fewer epochs."
            ),
        ),
        "rate_too_high": (
            "warn",
            _("The learning rate may be too high."),
            _("The training loss jumped by half %(jumps)d times in %(steps)d steps. Try a third of the rate."),
        ),
    }
    tone, title, evidence = texts[finding.kind]
    return Words(finding.kind, tone, title, evidence % (finding.evidence | {"of": finding.of}))
