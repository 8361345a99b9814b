from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.access import ANYONE, MANAGERS, access, projects_of
from annotation.api import schema
from annotation.api.base import paged, parsed, person
from annotation.models import Guideline, Membership
from annotation.services import projects, standing


class ProjectsView(APIView):
    """The projects one is in."""

    @extend_schema(responses=schema.answers({200: schema.ProjectOut(many=True)}))
    def get(self, request: Request) -> Response:
        return paged(request, self, projects_of(person(request)), lambda p: schema.ProjectOut(p, many=True).data)

    @extend_schema(request=schema.ProjectIn, responses=schema.answers({201: schema.ProjectOut}))
    def post(self, request: Request) -> Response:
        projects.check_may_create(person(request))
        made = projects.create_project(actor=person(request), **parsed(schema.ProjectIn, request))
        return Response(schema.ProjectOut(made).data, status=201)


class ProjectView(APIView):
    @extend_schema(responses=schema.answers({200: schema.ProjectOut}))
    def get(self, request: Request, project: UUID) -> Response:
        return Response(schema.ProjectOut(access(person(request), project).project).data)

    @extend_schema(request=schema.ProjectIn(partial=True), responses=schema.answers({200: schema.ProjectOut}))
    def patch(self, request: Request, project: UUID) -> Response:
        found = access(person(request), project, MANAGERS).project
        form = schema.ProjectIn(found, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        settings = {name: value for name, value in form.validated_data.items() if name != "guidelines"}
        changed = projects.change_project(actor=person(request), project=found, **settings)
        return Response(schema.ProjectOut(changed).data)


class MembersView(APIView):
    @extend_schema(responses=schema.answers({200: schema.MemberOut(many=True)}))
    def get(self, request: Request, project: UUID) -> Response:
        found = access(person(request), project, MANAGERS).project
        members = found.members.select_related("user").order_by("id")
        return paged(request, self, members, lambda page: schema.MemberOut(page, many=True).data)

    @extend_schema(request=schema.MemberIn, responses=schema.answers({201: schema.MemberOut}))
    def post(self, request: Request, project: UUID) -> Response:
        found = access(person(request), project, MANAGERS).project
        made = projects.add_member(actor=person(request), project=found, **parsed(schema.MemberIn, request))
        return Response(schema.MemberOut(made).data, status=201)


class MemberView(APIView):
    @extend_schema(responses=schema.answers({204: None}))
    def delete(self, request: Request, project: UUID, member: UUID) -> Response:
        found = access(person(request), project, MANAGERS).project
        projects.remove_member(
            actor=person(request), project=found, member=projects.member_of(project=found, uuid=member)
        )
        return Response(status=204)


class PauseView(APIView):
    """Pause a member by hand, with the reason they are told."""

    @extend_schema(request=schema.PauseIn, responses=schema.answers({200: schema.MemberOut}))
    def post(self, request: Request, project: UUID, member: UUID) -> Response:
        found = _member(request, project, member)
        standing.pause_by_hand(actor=person(request), member=found, **parsed(schema.PauseIn, request))
        return Response(schema.MemberOut(_member(request, project, member)).data)


class LiftView(APIView):
    """Let a paused member go on."""

    @extend_schema(request=None, responses=schema.answers({200: schema.MemberOut}, 409))
    def post(self, request: Request, project: UUID, member: UUID) -> Response:
        standing.lift_pause(actor=person(request), member=_member(request, project, member))
        return Response(schema.MemberOut(_member(request, project, member)).data)


def _member(request: Request, project: UUID, member: UUID) -> Membership:
    return projects.member_of(project=access(person(request), project, MANAGERS).project, uuid=member)


class GuidelinesView(APIView):
    """All versions, the newest first."""

    @extend_schema(responses=schema.answers({200: schema.GuidelineOut(many=True)}))
    def get(self, request: Request, project: UUID) -> Response:
        found = access(person(request), project, ANYONE).project
        versions = Guideline.objects.filter(project=found).select_related("created_by").order_by("-number")
        return paged(request, self, versions, lambda page: schema.GuidelineOut(page, many=True).data)

    @extend_schema(request=schema.GuidelineIn, responses=schema.answers({201: schema.GuidelineOut}, 409))
    def post(self, request: Request, project: UUID) -> Response:
        found = access(person(request), project, MANAGERS).project
        made = projects.set_guidelines(actor=person(request), project=found, **parsed(schema.GuidelineIn, request))
        return Response(schema.GuidelineOut(made).data, status=201)
