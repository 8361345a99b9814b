from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from evaluation.models import EvalSet, Evaluation, System
from evaluation.models.studies import Study
from evaluation.rubrics import rubric, rubrics
from evaluation.study_planning import Plan, plan
from sftlab.errors import BadInput
from training.models import LanguageModel


def _rubric_choices() -> list[tuple[str, str]]:
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    return [(key, one["name"][language]) for key, one in rubrics().items()]


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
    rubric = forms.ChoiceField(choices=_rubric_choices, label=_("Dimensions"))
    raters_per_unit = forms.IntegerField(label=_("Raters per comparison"), initial=3, min_value=1, max_value=50)
    sample = forms.IntegerField(
        label=_("Items to draw"), required=False, min_value=1, help_text=_("Empty takes the whole set.")
    )
    budget = forms.IntegerField(
        label=_("At most so many ratings"), required=False, min_value=1, help_text=_("Empty asks for all pairs.")
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

    def arguments(self) -> dict[str, Any]:
        data = self.cleaned_data
        config = {name: data[name] for name in ("sample", "budget") if data[name]}
        return {
            **{name: data[name] for name in ("name", "design", "raters_per_unit", "instructions")},
            "evalset": data["evalset"].uuid,
            "models": [model.uuid for model in data["models"]],
            "dimensions": [one.to_json() for one in rubric(data["rubric"])],
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
    """What the study is to show, in per cent."""

    systems = forms.IntegerField(label=_("Systems"), initial=2, min_value=2, max_value=50)
    win_rate = forms.FloatField(
        label=_("Wins worth seeing, %"),
        initial=60,
        min_value=51,
        max_value=99,
        help_text=_("Of the votes that are not ties, the share that the better system wins."),
    )
    tie_rate = forms.FloatField(label=_("Ties expected, %"), initial=20, min_value=0, max_value=90)
    power = forms.FloatField(
        label=_("Chance to see it, %"), initial=80, min_value=50, max_value=99, help_text=_("The study's power.")
    )
    raters_per_unit = forms.IntegerField(label=_("Raters per comparison"), initial=3, min_value=1, max_value=50)

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        return {name: field.initial for name, field in cls.base_fields.items()}

    def planned(self) -> Plan:
        data = self.cleaned_data
        shares = {name: data[name] / 100 for name in ("win_rate", "tie_rate", "power")}
        return plan(systems=data["systems"], raters_per_unit=data["raters_per_unit"], **shares)
