from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.selectors import version_for
from evaluation.api.access import ADMIN, REFUSALS, admin_of
from evaluation.models import EvalItem, EvalSet
from evaluation.selectors.contamination import contamination
from evaluation.selectors.evalsets import coverage, evalsets, get_evalset
from evaluation.services.evalsets import create_evalset


class EvalSetOut(serializers.ModelSerializer[EvalSet]):
    id = serializers.UUIDField(source="uuid", read_only=True)
    created_by = serializers.CharField(source="created_by.username", read_only=True)

    class Meta:
        model = EvalSet
        fields = ("id", "name", "version", "note", "sha256", "size", "created_by", "created_at")


class EvalSetIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    items = serializers.ListField(
        child=serializers.JSONField(),
        help_text="`{id, turns: [{role, content}], references: [text], metadata: {category, language, difficulty}}`, "
        "or `messages`, or `{instruction, input, output}`.",
    )


class EvalItemOut(serializers.ModelSerializer[EvalItem]):
    id = serializers.CharField(source="key")

    class Meta:
        model = EvalItem
        fields = ("id", "turns", "references", "category", "language", "difficulty", "metadata")


class EvalSetsView(GenericAPIView[EvalSet]):
    permission_classes = ADMIN
    serializer_class = EvalSetOut

    @extend_schema(operation_id="evalsets_list", responses={200: EvalSetOut(many=True), **REFUSALS})
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(evalsets()) or []
        return self.get_paginated_response(EvalSetOut(page, many=True).data)

    @extend_schema(request=EvalSetIn, responses={201: EvalSetOut, 200: EvalSetOut, **REFUSALS})
    def post(self, request: Request) -> Response:
        """A new version under this name; 200 with the latest one when it holds the same items already."""
        form = EvalSetIn(data=request.data)
        form.is_valid(raise_exception=True)
        made, new = create_evalset(actor=admin_of(request), **form.validated_data)
        return Response(EvalSetOut(made).data, status=201 if new else 200)


class EvalSetView(APIView):
    permission_classes = ADMIN

    @extend_schema(responses={200: EvalSetOut, **REFUSALS})
    def get(self, request: Request, evalset: UUID) -> Response:
        return Response(EvalSetOut(get_evalset(evalset)).data)


@extend_schema(responses={200: EvalItemOut(many=True), **REFUSALS})
class EvalItemsView(ListAPIView[EvalItem]):
    permission_classes = ADMIN
    serializer_class = EvalItemOut
    queryset = EvalItem.objects.none()

    def get_queryset(self) -> Any:
        return get_evalset(self.kwargs["evalset"]).items.all()


class CoverageView(APIView):
    permission_classes = ADMIN

    @extend_schema(responses={200: dict, **REFUSALS})
    def get(self, request: Request, evalset: UUID) -> Response:
        return Response(coverage(get_evalset(evalset)))


class ContaminationAsked(serializers.Serializer[Any]):
    version = serializers.UUIDField(help_text="A dataset version.")


class ContaminationView(APIView):
    permission_classes = ADMIN

    @extend_schema(parameters=[ContaminationAsked], responses={200: dict, **REFUSALS})
    def get(self, request: Request, evalset: UUID) -> Response:
        """Items that occur in a dataset version: shared n-grams and near duplicates."""
        form = ContaminationAsked(data=request.query_params)
        form.is_valid(raise_exception=True)
        version = version_for(admin_of(request), form.validated_data["version"])
        return Response(contamination(get_evalset(evalset), version))


urlpatterns = [
    path("evalsets/", EvalSetsView.as_view(), name="evalsets"),
    path("evalsets/<uuid:evalset>/", EvalSetView.as_view(), name="evalset"),
    path("evalsets/<uuid:evalset>/items/", EvalItemsView.as_view(), name="evalset-items"),
    path("evalsets/<uuid:evalset>/contamination/", ContaminationView.as_view(), name="evalset-contamination"),
    path("evalsets/<uuid:evalset>/coverage/", CoverageView.as_view(), name="evalset-coverage"),
]
