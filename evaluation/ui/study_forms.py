from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from evaluation.models import EvalSet, Evaluation, System
from evaluation.models.studies import Study, StudyResult
from evaluation.rubrics import rubrics
from evaluation.selectors.studies import design_effect_of, slice_key
from evaluation.study_planning import DESIGN_EFFECT, Plan, plan, plan_scores
from sftlab.errors import BadInput
from training.models import LanguageModel

ALL = slice_key(None, None)


def rubric_titles() -> dict[str, str]:
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    return {key: one["name"][language] for key, one in rubrics().items()}


class StudyForm(forms.Form):
    """A study from finished outputs. The API takes more."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("Raters read it: it must not name a system."))
    evalset = forms.ModelChoiceField(EvalSet.objects.all(), label=_("Evaluation set"))
    models = forms.ModelMultipleChoiceField(
        LanguageModel.objects.none(),
        label=_("Systems"),
        help_text=_("Models with finished outputs on the set."),
    )
    design = forms.ChoiceField(choices=Study.Design.choices, label=_("Design"))
    raters_per_unit = forms.IntegerField(label=_("Raters per comparison"), initial=3, min_value=1, max_value=50)
    sample = forms.IntegerField(
        label=_("Items to draw"), required=False, min_value=1, help_text=_("Empty takes the whole set.")
    )
    budget = forms.IntegerField(
        label=_("At most so many ratings"), required=False, min_value=1, help_text=_("Empty asks for all pairs.")
    )
    check_rate = forms.FloatField(
        label=_("Hidden checks, %"),
        initial=10,
        min_value=0,
        max_value=50,
        help_text=_("Share of what a rater gets that tests care and consistency; it counts nowhere."),
    )
    qualify = forms.IntegerField(
        label=_("Questions before the study"),
        initial=0,
        min_value=0,
        max_value=50,
        help_text=_("With known answers, made from the set's references; new raters must pass them."),
    )
    adaptive = forms.BooleanField(
        label=_("Ask first for what tells most"),
        required=False,
        help_text=_("Pairs whose order is open come first; every draw is recorded in the report."),
    )
    instructions = forms.CharField(
        label=_("Instructions for raters"), required=False, widget=forms.Textarea(attrs={"rows": 4})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        done = System.objects.filter(status=System.Status.DONE).values("model")
        self.fields["models"].queryset = LanguageModel.objects.filter(pk__in=done)  # type: ignore[attr-defined]
        finished = Evaluation.objects.filter(systems__status=System.Status.DONE).values("evalset")
        self.fields["evalset"].queryset = EvalSet.objects.filter(pk__in=finished)  # type: ignore[attr-defined]

    def arguments(self, dimensions: list[dict[str, Any]]) -> dict[str, Any]:
        data = self.cleaned_data
        config = {name: data[name] for name in ("sample", "budget") if data[name]}
        config |= {"check_rate": data["check_rate"] / 100, "qualify": data["qualify"], "adaptive": data["adaptive"]}
        return {
            **{name: data[name] for name in ("name", "design", "raters_per_unit", "instructions")},
            "evalset": data["evalset"].uuid,
            "models": [model.uuid for model in data["models"]],
            "dimensions": dimensions,
            "config": config,
        }

    def take(self, error: BadInput) -> None:
        """The service's faults, each at its field."""
        for fault in error.errors:
            field = fault["field"].split("[")[0]
            self.add_error(field if field in self.fields else None, fault["reason"])
        if not error.errors:
            self.add_error(None, str(error.message))


class PlanForm(forms.Form):
    """What the study is to show: shares in per cent, differences of mean scores in points."""

    judged = forms.ChoiceField(
        label=_("Raters"), choices=[("votes", _("compare two answers")), ("scores", _("score each answer from 1 to 5"))]
    )
    systems = forms.IntegerField(label=_("Systems"), initial=2, min_value=2, max_value=50)
    win_rate = forms.FloatField(
        label=_("Wins worth seeing, %"),
        initial=60,
        min_value=51,
        max_value=99,
        help_text=_("Comparing: of the votes that are not ties, the share that the better system wins."),
    )
    tie_rate = forms.FloatField(label=_("Ties expected, %"), initial=20, min_value=0, max_value=90)
    difference = forms.FloatField(
        label=_("Difference worth seeing, points"),
        initial=0.3,
        min_value=0.05,
        max_value=4,
        help_text=_("Scoring: between two systems' mean scores."),
    )
    deviation = forms.FloatField(
        label=_("Spread of one score, points"),
        initial=1.0,
        min_value=0.1,
        max_value=2,
        help_text=_("Its standard deviation; about 1 on most five-point scales."),
    )
    power = forms.FloatField(
        label=_("Chance to see it, %"), initial=80, min_value=50, max_value=99, help_text=_("The study's power.")
    )
    raters_per_unit = forms.IntegerField(label=_("Raters per comparison"), initial=3, min_value=1, max_value=50)
    like = forms.ModelChoiceField(
        Study.objects.none(),
        label=_("Raters and items as in"),
        required=False,
        empty_label=_("no earlier study"),
        to_field_name="uuid",
        help_text=_("An earlier study says how much less votes tell that share raters and items."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ranked = StudyResult.objects.filter(data__slices__contains={ALL: {"ranking": {"determined": True}}})
        self.fields["like"].queryset = Study.objects.filter(results__in=ranked).distinct()  # type: ignore[attr-defined]

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        return {name: field.initial for name, field in cls.base_fields.items()} | {"judged": "votes"}

    def planned(self) -> Plan:
        data = self.cleaned_data
        effect = design_effect_of(data["like"]) if data["like"] else DESIGN_EFFECT
        shared = {
            "systems": data["systems"],
            "raters_per_unit": data["raters_per_unit"],
            "power": data["power"] / 100,
            "design_effect": effect,
        }
        if data["judged"] == "scores":
            return plan_scores(difference=data["difference"], deviation=data["deviation"], **shared)
        return plan(win_rate=data["win_rate"] / 100, tie_rate=data["tie_rate"] / 100, **shared)
