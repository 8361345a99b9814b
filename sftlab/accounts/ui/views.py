from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sftlab.access import person
from sftlab.accounts import services
from sftlab.accounts.models import ApiToken, User
from sftlab.accounts.ui.forms import NewToken, NewUser
from sftlab.errors import BadInput, Missing


class LogIn(auth_views.LoginView):
    template_name = "accounts/login.html"
    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        if isinstance(self.request.user, User) and self.request.user.language:
            response.set_cookie("django_language", self.request.user.language, samesite="Lax")
        return response


class ChangePassword(auth_views.PasswordChangeView):
    template_name = "accounts/password.html"
    success_url = "/accounts/profile/"


def add_faults(form: Any, error: BadInput) -> None:
    """Put a service's refusal beside the fields it names."""
    for fault in error.errors:
        form.add_error(fault["field"] if fault["field"] in form.fields else None, fault["reason"])
    if not error.errors:
        form.add_error(None, str(error.message))


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Who I am, my password, my tokens."""
    form = NewToken(request.POST or None)
    made = ""
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        _token, made = services.create_token(
            user=person(request), name=asked["name"], scope=asked["scope"], lasts=timedelta(days=asked["days"])
        )
        form = NewToken()
    tokens = ApiToken.objects.filter(user=person(request)).order_by("-created_at")
    return render(request, "accounts/profile.html", {"form": form, "made": made, "tokens": tokens})


@require_POST
@login_required
def revoke(request: HttpRequest, token: UUID) -> HttpResponse:
    services.revoke_token(user=person(request), token=token)
    messages.success(request, _("The token no longer works."), extra_tags="good")
    return redirect("accounts:profile")


@login_required
def people(request: HttpRequest) -> HttpResponse:
    """Everyone, for administrators, and a form for one more."""
    if not person(request).is_admin:
        raise Missing(_("There is no such thing here."))
    form = NewUser(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_user(actor=person(request), **form.cleaned_data)
        except BadInput as error:
            add_faults(form, error)
        else:
            messages.success(request, _("%(name)s can log in now.") % {"name": made.username}, extra_tags="good")
            return redirect("accounts:people")
    page = Paginator(User.objects.order_by("username"), 50).get_page(request.GET.get("page"))
    return render(request, "accounts/people.html", {"form": form, "page": page})
