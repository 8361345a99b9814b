"""Studies as their admins and managers see them. Raters get their own view of the same addresses, without systems."""

from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from evaluation.api.ratings import REFUSED, Unstored
from evaluation.models.studies import Study, StudyMember
from evaluation.selectors import studies as selectors
from evaluation.services.studies import results
from evaluation.services.studies.creating import check_may_start, create_study
from evaluation.services.studies.members import add_member, check_may_manage, saw_study
from evaluation.study_config import StudyConfig
from sftlab.access import person
from sftlab.accounts.models import User
from sftlab.api import ErrorSerializer
from sftlab.errors import NotPermitted


class StudyIn(serializers.Serializer[Any]):
    evalset = serializers.UUIDField()
    models = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=50)
    design = serializers.ChoiceField(choices=Study.Design.choices)
    dimensions = serializers.ListField(
        child=serializers.JSONField(),
        required=False,
        help_text="Keys of the library, or {key, name: {en, zh}, anchors: {en: [5], zh: [5]}}. Default: general.",
    )
    raters_per_unit = serializers.IntegerField(required=False, default=3, min_value=1, max_value=50)
    name = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    instructions = serializers.CharField(max_length=10_000, required=False, default="", allow_blank=True)
    evaluation = serializers.UUIDField(required=False)
    seed = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)
    lease_minutes = serializers.IntegerField(required=False)
    sample = serializers.IntegerField(required=False, allow_null=True)
    budget = serializers.IntegerField(required=False, allow_null=True)
    check_rate = serializers.FloatField(required=False)
    qualify = serializers.IntegerField(required=False)
    qualify_share = serializers.FloatField(required=False)
    pause_after = serializers.IntegerField(required=False)
    pause_below = serializers.FloatField(required=False)
    adaptive = serializers.BooleanField(required=False)

    def arguments(self) -> dict[str, Any]:
        """For the service: what belongs to the configuration apart."""
        data = dict(self.validated_data)
        config = {name: data.pop(name) for name in list(data) if name in StudyConfig.__dataclass_fields__}
        return {**data, "config": config}


class StudyOut(serializers.Serializer[Any]):
    """Raters get id, name, instructions, design, dimensions, status and mine; those who may manage it the rest too."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    instructions = serializers.CharField()
    design = serializers.CharField()
    dimensions = serializers.ListField()
    status = serializers.CharField()
    mine = serializers.DictField(required=False)
    evalset = serializers.UUIDField(required=False)
    raters_per_unit = serializers.IntegerField(required=False)
    config = serializers.DictField(required=False)
    seed = serializers.IntegerField(required=False)
    progress = serializers.DictField(required=False)
    expected_end = serializers.DateTimeField(
        required=False, allow_null=True, help_text="If raters go on as in the last seven days; null where nobody rated."
    )
    created_at = serializers.DateTimeField(required=False)
    closed_at = serializers.DateTimeField(required=False, allow_null=True)


class StudyMemberIn(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)
    role = serializers.ChoiceField(choices=StudyMember.Role.choices)


class StudyMemberOut(serializers.ModelSerializer[StudyMember]):
    id = serializers.UUIDField(source="uuid")
    username = serializers.CharField(source="user.username")
    scripted = serializers.BooleanField(source="user.scripted")

    class Meta:
        model = StudyMember
        fields = ("id", "username", "scripted", "role", "standing", "alias")


def view_of(study: Study, user: User) -> dict[str, Any]:
    if not selectors.may_manage(user, study):
        return selectors.rater_view(study, user)
    progress = selectors.progress(study)
    return {
        **selectors.rater_view(study, user),
        "evalset": str(study.evalset.uuid),
        "raters_per_unit": study.raters_per_unit,
        "config": study.config,
        "seed": study.seed,
        "progress": progress,
        "expected_end": selectors.pace_of(study, progress).ends if study.is_open else None,
        "created_at": study.created_at,
        "closed_at": study.closed_at,
    }


class StudiesView(Unstored, GenericAPIView[Study]):
    serializer_class = StudyOut

    @extend_schema(operation_id="studies_list", responses={200: StudyOut(many=True)})
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(selectors.studies_of(person(request))) or []
        return self.get_paginated_response([view_of(study, person(request)) for study in page])

    @extend_schema(request=StudyIn, responses={201: StudyOut, 400: ErrorSerializer, 403: ErrorSerializer})
    def post(self, request: Request) -> Response:
        """Makes every unit and presentation at once; raters can start as soon as they are members."""
        check_may_start(person(request))
        form = StudyIn(data=request.data)
        form.is_valid(raise_exception=True)
        study = create_study(actor=person(request), **form.arguments())
        return Response(view_of(study, person(request)), status=201)


class StudyView(Unstored):
    @extend_schema(responses={200: StudyOut, 404: ErrorSerializer})
    def get(self, request: Request, study: UUID) -> Response:
        return Response(view_of(selectors.get_study(user=person(request), uuid=study), person(request)))


class MembersView(Unstored):
    @extend_schema(responses={200: StudyMemberOut(many=True), **REFUSED})
    def get(self, request: Request, study: UUID) -> Response:
        found = managed(request, study)
        return Response(StudyMemberOut(found.members.select_related("user"), many=True).data)

    @extend_schema(request=StudyMemberIn, responses={201: StudyMemberOut, 400: ErrorSerializer, **REFUSED})
    def post(self, request: Request, study: UUID) -> Response:
        found = managed(request, study)
        form = StudyMemberIn(data=request.data)
        form.is_valid(raise_exception=True)
        member = add_member(actor=person(request), study=found, **form.validated_data)
        return Response(StudyMemberOut(member).data, status=201)


class AgreementView(Unstored):
    @extend_schema(responses={200: dict, **REFUSED})
    def get(self, request: Request, study: UUID) -> Response:
        """By what was judged (`choice`, and each dimension): every coefficient of the newest stored result."""
        found = readable(request, study)
        result = selectors.newest_result(found)
        body = {
            "study": str(found.uuid),
            "votes": result.votes if result else 0,
            "final": bool(result and result.final),
        }
        whole = result.data["slices"][selectors.slice_key(None, None)] if result else None
        return Response({**body, "agreement": whole["agreement"] if whole else None})


class ResultsView(Unstored):
    @extend_schema(responses={200: dict, **REFUSED})
    def get(self, request: Request, study: UUID) -> Response:
        """The newest stored result, by system. Who reads it can't rate these answers blind any more."""
        found = readable(request, study)
        saw_study(user=person(request), study=found)
        result = selectors.newest_result(found)
        return Response({"study": str(found.uuid), "result": result.data if result else None})


class RefreshView(Unstored):
    @extend_schema(request=None, responses={202: None, **REFUSED})
    def post(self, request: Request, study: UUID) -> Response:
        results.ask_refresh(actor=person(request), study=managed(request, study))
        return Response(status=202)


class CloseView(Unstored):
    @extend_schema(request=None, responses={200: StudyOut, **REFUSED})
    def post(self, request: Request, study: UUID) -> Response:
        """Ends the voting. A job then makes the report, which stays as it is."""
        found = managed(request, study)
        results.close_study(actor=person(request), study=found)
        return Response(view_of(selectors.get_study(user=person(request), uuid=study), person(request)))


def managed(request: Request, uuid: UUID) -> Study:
    study = selectors.get_study(user=person(request), uuid=uuid)
    check_may_manage(user=person(request), study=study)
    return study


def readable(request: Request, uuid: UUID) -> Study:
    """Results: for those who manage the study, and for its raters once it is closed."""
    study = selectors.get_study(user=person(request), uuid=uuid)
    if study.is_open and not selectors.may_manage(person(request), study):
        raise NotPermitted("Results are shown when the study is closed.", code="open")
    return study


urlpatterns = [
    path("studies/", StudiesView.as_view(), name="studies"),
    path("studies/<uuid:study>/", StudyView.as_view(), name="study"),
    path("studies/<uuid:study>/members/", MembersView.as_view(), name="study-members"),
    path("studies/<uuid:study>/agreement/", AgreementView.as_view(), name="study-agreement"),
    path("studies/<uuid:study>/results/", ResultsView.as_view(), name="study-results"),
    path("studies/<uuid:study>/refresh/", RefreshView.as_view(), name="study-refresh"),
    path("studies/<uuid:study>/close/", CloseView.as_view(), name="study-close"),
]
