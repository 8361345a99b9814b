"""The form of a run, made from the trainer's own dataclasses, so that it never lags behind them."""

import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.models import DatasetVersion
from sftlab.errors import FieldError
from training.models import LanguageModel
from training.trainer.methods.options import METHODS
from training.trainer.spec import TrainConfig
from training.ui import help

Wire = dict[str, Any]
MOST_DATASETS = 4


class RunForm(forms.Form):
    """Only the options that differ from their default are sent on; the service checks them."""

    name = forms.CharField(label=_("Name"), max_length=120, required=False, help_text=_("Empty: made from the rest."))
    base_model = forms.ModelChoiceField(
        label=_("Base model"), queryset=LanguageModel.objects.none(), to_field_name="uuid"
    )
    seed = forms.IntegerField(label=_("Seed"), initial=0, min_value=0, max_value=2**31 - 1)

    def __init__(self, *args: Any, method: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.method = method
        base = self.fields["base_model"]
        assert isinstance(base, forms.ModelChoiceField)
        base.queryset = LanguageModel.objects.filter(adapter="", problem="").exclude(path="")
        for place in range(MOST_DATASETS):
            self._add_dataset(place)
        for field in fields(METHODS[method]):
            self.fields[f"method.{field.name}"] = _form_field(METHODS[method], field)
        for field in fields(TrainConfig):
            self.fields[f"config.{field.name}"] = _form_field(TrainConfig, field)
        rate = self.fields["config.learning_rate"]
        rate.widget.attrs["placeholder"] = f"{METHODS[method].learning_rate:g}"

    def _add_dataset(self, place: int) -> None:
        self.fields[f"version{place}"] = forms.ModelChoiceField(
            label=_("Dataset version"),
            queryset=DatasetVersion.objects.select_related("project").order_by("-created_at"),
            to_field_name="uuid",
            required=place == 0,
        )
        self.fields[f"weight{place}"] = forms.FloatField(
            label=_("Weight"),
            initial=1.0,
            min_value=0,
            help_text=_("0: never trained on; its validation rows are watched, to see what is forgotten."),
        )

    def datasets(self) -> Iterator[tuple[forms.BoundField, forms.BoundField]]:
        for place in range(MOST_DATASETS):
            yield self[f"version{place}"], self[f"weight{place}"]

    def method_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("method.")]

    def main_fields(self) -> list[forms.BoundField]:
        return [self[f"config.{name}"] for name in help.MAIN]

    def more_fields(self) -> list[forms.BoundField]:
        main = {f"config.{name}" for name in help.MAIN}
        return [self[name] for name in self.fields if name.startswith("config.") and name not in main]

    def request(self) -> Wire:
        """What `create_run` takes."""
        data = self.cleaned_data
        chosen = [(data[f"version{place}"], data[f"weight{place}"]) for place in range(MOST_DATASETS)]
        return {
            "base_model": data["base_model"].uuid,
            "datasets": [
                {"version": version.uuid, "weight": weight} for version, weight in chosen if version is not None
            ],
            "method": {"name": self.method, **self._options("method", METHODS[self.method])},
            "config": self._options("config", TrainConfig),
            "seed": data["seed"],
        }

    def _options(self, prefix: str, cls: type) -> Wire:
        hints = get_type_hints(cls)
        values = ((f, _value(hints[f.name], self.cleaned_data[f"{prefix}.{f.name}"])) for f in fields(cls))
        return {f.name: value for f, value in values if value is not None and value != f.default}

    def show(self, faults: list[FieldError]) -> None:
        """The service's faults, each beside its field."""
        for fault in faults:
            self.add_error(self._field_of(fault["field"]), fault["reason"])

    def _field_of(self, name: str) -> str | None:
        if name.startswith("datasets"):
            place = name[9:10]
            return f"version{place}" if place.isdigit() else "version0"
        return name if name in self.fields else None


class ModelForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    path = forms.CharField(
        label=_("Folder"),
        required=False,
        help_text=_("The whole path of a folder with safetensors or one GGUF file, on storage that every worker has."),
    )
    hub_id = forms.CharField(
        label=_("Hub id"), required=False, help_text=_("Such as owner/name; it is fetched in the background.")
    )
    template = forms.ChoiceField(label=_("Chat template"), required=False, help_text=_("Empty: the model's own."))
    licence = forms.CharField(label=_("Licence"), max_length=120, required=False)

    def __init__(self, *args: Any, templates: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["template"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [("", "–"), *((name, name) for name in templates)]

    def show(self, faults: list[FieldError]) -> None:
        for fault in faults:
            self.add_error(fault["field"] if fault["field"] in self.fields else None, fault["reason"])


def _form_field(cls: type, field: "Field[Any]") -> forms.Field:
    hint, default = _plain(get_type_hints(cls)[field.name]), None if field.default is MISSING else field.default
    common: Wire = {
        "label": help.LABELS.get(field.name, field.name),
        "help_text": help.HELP.get(field.name, ""),
        "initial": default,
        "required": default is not None and hint is not bool,
    }
    if get_origin(hint) is Literal:
        empty = [("", "–")] if default is None else []
        return forms.ChoiceField(choices=[*empty, *((value, value) for value in get_args(hint))], **common)
    if hint is bool:
        return forms.BooleanField(**common)
    if hint in (int, float):
        return _number(hint, field.metadata, common)
    return forms.CharField(**common)


def _number(hint: type, limits: Mapping[str, Any], common: Wire) -> forms.Field:
    common |= {"min_value": limits.get("low"), "max_value": limits.get("high")}
    if hint is int:
        return forms.IntegerField(**common)
    return forms.FloatField(widget=forms.NumberInput(attrs={"step": "any"}), **common)


def _plain(hint: Any) -> Any:
    """Without `| None`."""
    if get_origin(hint) in (Union, types.UnionType):
        return next(arg for arg in get_args(hint) if arg is not type(None))
    return hint


def _value(hint: Any, value: Any) -> Any:
    if value in ("", None):
        return None
    if get_origin(_plain(hint)) in (list, tuple):
        return [part.strip() for part in str(value).split(",") if part.strip()]
    return value
