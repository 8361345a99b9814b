from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from evaluation.leaderboards.definition import BY_RANK
from evaluation.metric_titles import title_of
from evaluation.metrics.registry import METRICS
from evaluation.models import EvalSet, Leaderboard, Study
from sftlab.accounts.models import User


def metric_choices() -> list[tuple[str, str]]:
    return [(name, title_of(name)) for name in METRICS]


def orders() -> list[tuple[str, str]]:
    by_votes = gettext("people's votes if there is a study, otherwise the first metric")
    return [("", by_votes), (BY_RANK, gettext("people's votes")), *metric_choices()]


class People(forms.CharField):
    """User names, split by blanks or commas, as a list. Names that nobody has are refused by name."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Members"),
            required=False,
            max_length=20_000,
            help_text=_("User names, by blanks or commas."),
            widget=forms.Textarea(attrs={"rows": 2}),
        )

    def clean(self, value: Any) -> Any:
        names = super().clean(value).replace(",", " ").replace("，", " ").split()
        known = set(User.objects.filter(username__in=names).values_list("username", flat=True))
        unknown = [name for name in names if name not in known]
        if unknown:
            raise forms.ValidationError(_("Nobody is called: %(names)s"), params={"names": ", ".join(unknown)})
        return names


class LeaderboardSettings(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(
        label=_("Description"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    visibility = forms.ChoiceField(label=_("Who may read it"), choices=Leaderboard.Visibility.choices)
    members = People()


class NewWebhook(forms.Form):
    url = forms.URLField(label=_("Address"), max_length=500, assume_scheme="https")


class NewLeaderboard(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    slug = forms.SlugField(
        label=_("Address"), max_length=80, help_text=_("What programs ask for: letters, digits and hyphens.")
    )
    description = forms.CharField(
        label=_("Description"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    evalset = forms.ModelChoiceField(label=_("Evaluation set"), queryset=EvalSet.objects.none(), empty_label=None)
    study = forms.ModelChoiceField(
        label=_("Blind study"), queryset=Study.objects.none(), required=False, empty_label=_("None: metrics only")
    )
    evalsets = forms.ModelMultipleChoiceField(
        label=_("Further evaluation sets"),
        queryset=EvalSet.objects.none(),
        required=False,
        help_text=_("Such as a general one that must not be forgotten: its scores stand in columns of their own."),
        widget=forms.CheckboxSelectMultiple(),
    )
    metrics = forms.MultipleChoiceField(
        label=_("Metrics"),
        choices=metric_choices,
        required=False,
        help_text=_("None: every metric that was scored."),
        widget=forms.CheckboxSelectMultiple(),
    )
    order = forms.ChoiceField(label=_("Ordered by"), choices=orders, required=False)
    visibility = forms.ChoiceField(
        label=_("Who may read it"), choices=Leaderboard.Visibility.choices, initial="members"
    )
    members = People()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("evalset", "evalsets"):
            self.fields[name].queryset = EvalSet.objects.all()  # type: ignore[attr-defined]  # a choice field
        self.fields["study"].queryset = Study.objects.all()  # type: ignore[attr-defined]

    def asked(self) -> dict[str, Any]:
        given = self.cleaned_data
        study = given["study"]
        return {
            **given,
            "evalset": given["evalset"].uuid,
            "evalsets": [evalset.uuid for evalset in given["evalsets"]],
            "study": study.uuid if study else None,
        }
