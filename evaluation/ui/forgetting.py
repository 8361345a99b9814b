from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evaluation.metric_settings import metric_settings
from evaluation.metrics.registry import METRICS
from evaluation.models import EvalSet
from evaluation.selectors.forgetting import gates_of, get_run
from evaluation.services.forgetting import set_gate
from evaluation.ui.access import admins_only, me
from sftlab.accounts.ui.views import add_faults
from sftlab.errors import BadInput, Conflict


class NewGate(forms.Form):
    evalset = forms.ModelChoiceField(
        label=gettext_lazy("General evaluation set"), queryset=EvalSet.objects.none(), empty_label=None
    )
    metric = forms.ChoiceField(
        label=gettext_lazy("Metric"),
        choices=lambda: [
            (name, title)
            for name, title in metric_settings().offered
            if name in METRICS and METRICS[name].better != "neither"
        ],
    )
    margin = forms.FloatField(
        label=gettext_lazy("May be worse by at most"),
        min_value=0,
        help_text=gettext_lazy("In the metric's own units: 1 is one point of BLEU, 0.01 one hundredth of ROUGE."),
    )
    max_new_tokens = forms.IntegerField(
        label=gettext_lazy("Longest answer, in tokens"), min_value=1, max_value=8192, initial=256
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["evalset"].queryset = EvalSet.objects.all()  # type: ignore[attr-defined]  # a choice field


@admins_only
def forgetting(request: HttpRequest, run: UUID) -> HttpResponse:
    found = get_run(run)
    form = NewGate(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            set_gate(
                actor=me(request),
                run=found,
                evalset=given["evalset"].uuid,
                margins={given["metric"]: given["margin"]},
                decoding={"max_new_tokens": given["max_new_tokens"]},
            )
        except BadInput as error:
            add_faults(form, error)
        except Conflict as error:
            form.add_error("evalset", str(error.message))
        else:
            messages.success(request, _("The gate is set."), extra_tags="good")
            return redirect("evaluation:forgetting", found.uuid)
    return render(request, "evaluation/forgetting.html", {"run": found, "gates": gates_of(found), "form": form})


urlpatterns = [path("runs/<uuid:run>/forgetting/", forgetting, name="forgetting")]
