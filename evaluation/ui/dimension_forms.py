"""A study's dimensions as forms: the name and the meaning of each point, in both languages."""

import re
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from evaluation.rubrics import LANGUAGES, MOST_DIMENSIONS, POINTS, rubric

TITLES = {"en": _("English"), "zh": _("Chinese")}


class DimensionForm(forms.Form):
    """Left empty as a whole, it is no dimension. `key` stays what it was, or is made from the English name."""

    key = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for language in LANGUAGES:
            self.fields[f"name_{language}"] = forms.CharField(
                label=_("Name, %(language)s") % {"language": TITLES[language]}, max_length=60, required=False
            )
            for point in range(1, POINTS + 1):
                label = _("Meaning of %(point)s, %(language)s") % {"point": point, "language": TITLES[language]}
                self.fields[f"{language}_{point}"] = forms.CharField(label=label, max_length=200, required=False)

    @property
    def names(self) -> list[forms.BoundField]:
        return [self[f"name_{language}"] for language in LANGUAGES]

    @property
    def points(self) -> list[tuple[int, list[forms.BoundField]]]:
        return [(point, [self[f"{code}_{point}"] for code in LANGUAGES]) for point in range(1, POINTS + 1)]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        texts = [name for name in self.fields if name not in ("key", "DELETE")]
        if any(data.get(name) for name in texts) and not data.get("DELETE"):
            for name in texts:
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, _("Fill this in, or empty the whole dimension."))
        return data

    def dimension(self) -> dict[str, Any] | None:
        data = self.cleaned_data
        if data.get("DELETE") or not data.get("name_en"):
            return None
        return {
            "key": data["key"] or _key(data["name_en"]),
            "name": {code: data[f"name_{code}"] for code in LANGUAGES},
            "anchors": {code: [data[f"{code}_{point}"] for point in range(1, POINTS + 1)] for code in LANGUAGES},
        }


def _key(name: str) -> str:
    key = re.sub(r"\W+", "_", name.strip().lower()).strip("_")[:60]
    return key if key.isidentifier() else f"dimension_{key}"


DimensionForms: type[BaseFormSet[DimensionForm]] = formset_factory(
    DimensionForm, extra=1, max_num=MOST_DIMENSIONS, can_delete=True
)


def dimension_forms(post: Any, *, start: str) -> BaseFormSet[DimensionForm]:
    """What was sent, or the rubric that the page starts from."""
    if post is not None and "dimensions-TOTAL_FORMS" in post:
        return DimensionForms(post, prefix="dimensions")
    return DimensionForms(initial=[_initial(one.to_json()) for one in rubric(start)], prefix="dimensions")


def dimensions_of(forms: BaseFormSet[DimensionForm], *, start: str) -> list[dict[str, Any]]:
    if not forms.is_bound:
        return [one.to_json() for one in rubric(start)]
    return [found for form in forms if (found := form.dimension())]


def _initial(dimension: dict[str, Any]) -> dict[str, Any]:
    anchors = {
        f"{code}_{point}": text for code in LANGUAGES for point, text in enumerate(dimension["anchors"][code], start=1)
    }
    return {"key": dimension["key"], **{f"name_{code}": dimension["name"][code] for code in LANGUAGES}, **anchors}
