from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from evaluation.models import Endpoint
from evaluation.selectors.endpoints import endpoints, get_endpoint
from evaluation.services.endpoints import change_endpoint, create_endpoint, remove_endpoint
from evaluation.ui.access import admins_only, me
from sftlab.accounts.ui.views import add_faults
from sftlab.errors import BadInput


class EndpointForm(forms.Form):
    base_url = forms.CharField(
        label=gettext_lazy("Base address"),
        max_length=500,
        help_text=gettext_lazy("What stands before /chat/completions, such as https://host/v1."),
        widget=forms.TextInput(attrs={"inputmode": "url"}),
    )
    remote_name = forms.CharField(label=gettext_lazy("The model's name there"), max_length=200)
    key = forms.CharField(
        label=gettext_lazy("Key"),
        max_length=4096,
        required=False,
        help_text=gettext_lazy("Kept encrypted and never shown again."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    key_variable = forms.CharField(
        label=gettext_lazy("Or the environment variable that holds it"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("One that starts with SFTLAB_KEY_, set where the worker runs."),
    )
    concurrency = forms.IntegerField(label=gettext_lazy("Requests at once"), min_value=1, max_value=32, initial=4)


class NewEndpoint(EndpointForm):
    name = forms.CharField(
        label=gettext_lazy("The model's name here"),
        max_length=120,
        help_text=gettext_lazy("A registered model that lives elsewhere, or a new one."),
    )
    field_order = ("name",)


@admins_only
def endpoint_list(request: HttpRequest) -> HttpResponse:
    form = NewEndpoint(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_endpoint(actor=me(request), **form.cleaned_data)
        except BadInput as error:
            add_faults(form, error)
        else:
            messages.success(request, _("%(model)s can be evaluated now.") % {"model": made.model}, extra_tags="good")
            return redirect("evaluation:endpoints")
    page = Paginator(endpoints(), 50).get_page(request.GET.get("page"))
    return render(request, "evaluation/endpoints.html", {"form": form, "page": page})


@admins_only
def endpoint_page(request: HttpRequest, endpoint: UUID) -> HttpResponse:
    found = get_endpoint(endpoint)
    form = EndpointForm(request.POST or None, initial=_values(found))
    if request.method == "POST" and form.is_valid():
        try:
            change_endpoint(actor=me(request), endpoint=found, **_changed(form))
        except BadInput as error:
            add_faults(form, error)
        else:
            messages.success(request, _("Saved."), extra_tags="good")
            return redirect("evaluation:endpoints")
    return render(request, "evaluation/endpoint.html", {"form": form, "endpoint": get_endpoint(endpoint)})


def _values(endpoint: Endpoint) -> dict[str, Any]:
    return {name: getattr(endpoint, name) for name in ("base_url", "remote_name", "key_variable", "concurrency")}


def _changed(form: EndpointForm) -> dict[str, Any]:
    """A key left empty stays the one it is."""
    return {name: form.cleaned_data[name] for name in form.changed_data}


@require_POST
@admins_only
def endpoint_remove(request: HttpRequest, endpoint: UUID) -> HttpResponse:
    remove_endpoint(actor=me(request), endpoint=get_endpoint(endpoint))
    messages.success(request, _("Removed. The model and its answers stay."))
    return redirect("evaluation:endpoints")


urlpatterns = [
    path("endpoints/", endpoint_list, name="endpoints"),
    path("endpoints/<uuid:endpoint>/", endpoint_page, name="endpoint"),
    path("endpoints/<uuid:endpoint>/remove/", endpoint_remove, name="endpoint-remove"),
]
