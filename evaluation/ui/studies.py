"""Studies for those who run them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evaluation.models.studies import Study
from evaluation.selectors import studies as selectors
from evaluation.services.studies import results
from evaluation.services.studies.creating import check_may_start, create_study
from evaluation.services.studies.members import (
    STANDINGS,
    add_member,
    check_may_manage,
    exclude_rater,
    saw_study,
    set_standing,
)
from evaluation.ui.dimension_forms import dimension_forms, dimensions_of
from evaluation.ui.study_forms import PlanForm, StudyForm, rubric_titles
from evaluation.ui.study_page import page_of
from sftlab.accounts.models import User
from sftlab.errors import BadInput, Conflict, Missing, NotPermitted, SFTLabError

unstored = cache_control(no_store=True, private=True)


@login_required
@unstored
@require_GET
def studies(request: HttpRequest) -> HttpResponse:
    user = _user(request)
    found = selectors.managed_by(user)
    if not user.is_admin and not found.exists():
        raise Missing(_("There is nothing here for you."))
    page = Paginator(found, 30).get_page(request.GET.get("page"))
    rows = [(study, selectors.progress(study)) for study in page]
    return render(request, "evaluation/studies/studies.html", {"rows": rows, "page": page})


@login_required
@unstored
@require_http_methods(["GET", "POST"])
def new_study(request: HttpRequest) -> HttpResponse:
    user = _user(request)
    check_may_start(user)
    titles = rubric_titles()
    start = request.GET.get("rubric", "")
    start = start if start in titles else next(iter(titles))
    form, dimensions = StudyForm(request.POST or None), dimension_forms(request.POST or None, start=start)
    if request.method == "POST" and form.is_valid() and (not dimensions.is_bound or dimensions.is_valid()):
        try:
            study = create_study(actor=user, **form.arguments(dimensions_of(dimensions, start=start)))
        except BadInput as error:
            form.take(error)
        else:
            return redirect("evaluation:study", study.uuid)
    faulty = request.method == "POST"
    context = {"form": form, "dimensions": dimensions, "rubrics": titles, "start": start}
    return render(request, "evaluation/studies/new.html", context, status=400 if faulty else 200)


@login_required
@require_GET
def plan_study(request: HttpRequest) -> HttpResponse:
    """How many votes a study needs, before it is started."""
    check_may_start(_user(request))
    form = PlanForm({**PlanForm.defaults(), **request.GET.dict()})
    planned = form.planned() if form.is_valid() else None
    return render(request, "evaluation/studies/plan.html", {"form": form, "plan": planned})


@login_required
@unstored
@require_GET
def study(request: HttpRequest, study: UUID) -> HttpResponse:
    """Names systems: whoever opens it rates none of these answers blind any more."""
    user = _user(request)
    found = selectors.get_study(user=user, uuid=study)
    manages = selectors.may_manage(user, found)
    if not manages and found.is_open:
        raise NotPermitted(_("Results are shown when the study is closed."), code="open")
    saw_study(user=user, study=found)
    return render(request, "evaluation/studies/study.html", page_of(found, manages=manages))


@login_required
@require_POST
def act(request: HttpRequest, study: UUID) -> HttpResponse:
    """Add a member, refresh, close: what was refused is said on the page."""
    user = _user(request)
    found = selectors.get_study(user=user, uuid=study)
    check_may_manage(user=user, study=found)
    try:
        messages.success(request, _do(request.POST, user, found))
    except SFTLabError as error:
        reasons = [one["reason"] for one in error.errors]
        messages.error(request, " ".join([str(error.message), *reasons]))
    return redirect("evaluation:study", found.uuid)


def _do(post: Any, user: User, study: Study) -> str:
    action = post.get("action")
    if action == "close":
        results.close_study(actor=user, study=study)
        return _("The study is closed. Its report is being made.")
    if action == "refresh":
        results.ask_refresh(actor=user, study=study)
        return _("The numbers are being computed anew. Load the page again in a moment.")
    if action == "member":
        names = post.get("usernames", "").replace(",", " ").split()
        for name in names:
            add_member(actor=user, study=study, username=name, role=post.get("role", "rater"))
        return _("Added: %(names)s.") % {"names": ", ".join(names)}
    if action in (*STANDINGS, "exclude"):
        return _change_rater(post, action, user, study)
    raise Conflict(_("This page can't do that."))


def _change_rater(post: Any, action: str, user: User, study: Study) -> str:
    member = selectors.get_member(study, _uuid(post.get("member", "")))
    reason = post.get("reason", "")
    if action == "exclude":
        exclude_rater(actor=user, study=study, member=member, reason=reason)
    else:
        set_standing(actor=user, study=study, member=member, move=action, reason=reason)
    return _("Done. It is in the log, with your reason.")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Missing(_("There is no such member.")) from error


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
