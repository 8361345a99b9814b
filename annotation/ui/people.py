from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.access import MANAGERS, access
from annotation.models import Membership, Response
from annotation.selectors.people import history, left_by, reviews_by
from annotation.selectors.progress import people
from annotation.services import projects, standing
from annotation.ui.base import page_of, person, private
from annotation.ui.projects import add_faults
from sftlab.errors import SFTLabError


class MemberForm(forms.Form):
    username = forms.CharField(label=gettext_lazy("User name"), max_length=150)
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Membership.Role.choices)
    skills = forms.CharField(
        label=gettext_lazy("Skills"),
        required=False,
        help_text=gettext_lazy("Separated by commas, such as: medical, zh"),
    )

    def clean_skills(self) -> list[str]:
        return [skill.strip()[:40] for skill in self.cleaned_data["skills"].split(",") if skill.strip()]


@private
@require_http_methods(["GET", "POST"])
def index(request: HttpRequest, project: UUID) -> HttpResponse:
    found = access(person(request), project, MANAGERS)
    form = MemberForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            projects.add_member(actor=person(request), project=found.project, **form.cleaned_data)
            return redirect("annotation:people", project=project)
        except SFTLabError as error:
            add_faults(form, error)
    others = found.project.members.exclude(role=Membership.Role.ANNOTATOR).select_related("user").order_by("id")
    context = {"project": found.project, "access": found, "people": people(found.project), "others": others}
    return render(request, "annotation/people.html", context | {"form": form, "tab": "people"})


@private
@require_GET
def record_page(request: HttpRequest, project: UUID, member: UUID) -> HttpResponse:
    """A person's whole record in a project."""
    found = access(person(request), project, MANAGERS)
    who = projects.member_of(project=found.project, uuid=member)
    row = next((row for row in people(found.project) if row.member.pk == who.pk), None)
    responses = Response.objects.filter(project=found.project, author=who.user).select_related("item").order_by("-id")
    context = {"project": found.project, "access": found, "member": who, "row": row, "history": history(who)}
    context |= {"left": left_by(found.project, who.user), "reviews": reviews_by(found.project, who.user)}
    return render(request, "annotation/person.html", context | {"page": page_of(request, responses, 25)})


@private
@require_POST
def pause(request: HttpRequest, project: UUID, member: UUID) -> HttpResponse:
    found = access(person(request), project, MANAGERS)
    who = projects.member_of(project=found.project, uuid=member)
    standing.pause_by_hand(actor=person(request), member=who, reason=request.POST.get("reason", ""))
    messages.success(request, _("%(name)s is paused and reads why.") % {"name": who.user.username})
    return redirect("annotation:person", project=project, member=member)


@private
@require_POST
def remove(request: HttpRequest, project: UUID, member: UUID) -> HttpResponse:
    found = access(person(request), project, MANAGERS)
    who = projects.member_of(project=found.project, uuid=member)
    projects.remove_member(actor=person(request), project=found.project, member=who)
    messages.success(
        request, _("%(name)s is no longer in the project. Their work stays.") % {"name": who.user.username}
    )
    return redirect("annotation:people", project=project)


@private
@require_POST
def lift(request: HttpRequest, project: UUID, member: UUID) -> HttpResponse:
    found = access(person(request), project, MANAGERS)
    who = projects.member_of(project=found.project, uuid=member)
    standing.lift_pause(actor=person(request), member=who)
    messages.success(request, _("%(name)s may go on.") % {"name": who.user.username})
    return redirect("annotation:person", project=project, member=member)
