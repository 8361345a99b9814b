from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from evaluation.metric_settings import metric_settings
from evaluation.models import EvalSet, System
from evaluation.services.evaluations import source_of
from training.models import LanguageModel

LARGEST_FILE = 32 * 1024 * 1024
DEFAULT_METRICS = ["bleu", "rougeL", "bertscore"]


class LimitedFile(forms.FileField):
    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is not None and value.size > LARGEST_FILE:
            raise forms.ValidationError(_("Choose a file of at most 32 MB."))


class NewEvalSet(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("The same name again makes the next version of this set.")
    )
    note = forms.CharField(label=_("Note"), max_length=2000, required=False)
    file = LimitedFile(
        label=_("Items"),
        help_text=_(
            "JSON or JSON lines: turns (or instruction and input), references, category, language, difficulty."
        ),
        widget=forms.FileInput(attrs={"accept": ".json,.jsonl,.ndjson"}),
    )


class OutputsFile(forms.Form):
    file = LimitedFile()


def _ready(model: LanguageModel) -> str:
    """With where its outputs come from, unless it writes them here."""
    source = source_of(model)
    told = {
        System.Source.FETCHED: _("asked at its endpoint"),
        System.Source.UPLOADED: _("outputs will be uploaded"),
    }
    return f"{model.name} ({told[source]})" if source in told else model.name


class Models(forms.ModelMultipleChoiceField[LanguageModel]):
    def label_from_instance(self, obj: Any) -> str:
        return _ready(obj)


class NewEvaluation(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120, required=False)
    evalset = forms.ModelChoiceField(label=_("Evaluation set"), queryset=EvalSet.objects.none(), empty_label=None)
    models = Models(label=_("Models"), queryset=LanguageModel.objects.none(), widget=forms.CheckboxSelectMultiple())
    metrics = forms.MultipleChoiceField(
        label=_("Metrics"),
        choices=lambda: metric_settings().offered,
        initial=DEFAULT_METRICS,
        widget=forms.CheckboxSelectMultiple(),
    )
    max_new_tokens = forms.IntegerField(label=_("Longest answer, in tokens"), min_value=1, max_value=8192, initial=256)
    do_sample = forms.BooleanField(
        label=_("Sample"), required=False, help_text=_("Off: the most likely token each time, the same on each run.")
    )
    temperature = forms.FloatField(label=_("Temperature"), min_value=0.01, max_value=5, initial=1.0)
    top_p = forms.FloatField(label=_("Top p"), min_value=0.01, max_value=1, initial=1.0)
    seed = forms.IntegerField(label=_("Seed"), min_value=0, max_value=2**31 - 1, initial=0)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["evalset"].queryset = EvalSet.objects.all()  # type: ignore[attr-defined]  # a choice field
        self.fields["models"].queryset = LanguageModel.objects.select_related("base", "endpoint")  # type: ignore[attr-defined]

    def asked(self) -> dict[str, Any]:
        """As the service takes it."""
        given = self.cleaned_data
        return {
            "name": given["name"],
            "evalset": given["evalset"].uuid,
            "models": [model.uuid for model in given["models"]],
            "metrics": given["metrics"],
            "decoding": {name: given[name] for name in ("max_new_tokens", "do_sample", "temperature", "top_p")},
            "seed": given["seed"],
        }
