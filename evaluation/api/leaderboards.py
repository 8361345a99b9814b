from typing import Any

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluation.api.access import READ, REFUSALS, admin_of
from evaluation.api.board_schema import BoardOut
from evaluation.api.quick import TYPES
from evaluation.api.reading import OwnFormat, ReadThrottle, headers_for, is_current, not_modified
from evaluation.leaderboards.bodies import csv_body, etag_of, json_body
from evaluation.leaderboards.columns import PARTS, chosen, cut
from evaluation.models import Leaderboard, SnapshotSlice
from evaluation.selectors.leaderboards import get_leaderboard, readable, slice_of, snapshot_at
from evaluation.services.leaderboards import change_leaderboard, create_leaderboard


class LeaderboardOut(serializers.ModelSerializer[Leaderboard]):
    id = serializers.UUIDField(source="uuid")
    evalset = serializers.UUIDField(source="evalset.uuid")
    evalset_name = serializers.CharField(source="evalset.__str__")
    study = serializers.UUIDField(source="study.uuid", allow_null=True, default=None)
    snapshot = serializers.IntegerField(source="current.number", allow_null=True, default=None)
    updated_at = serializers.DateTimeField(source="current.created_at", allow_null=True, default=None)

    class Meta:
        model = Leaderboard
        fields = (
            *("id", "slug", "name", "description", "evalset", "evalset_name", "study", "definition", "visibility"),
            *("snapshot", "updated_at", "created_at"),
        )


class LeaderboardIn(serializers.Serializer[Any]):
    slug = serializers.SlugField(max_length=80, required=False)
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    evalset = serializers.UUIDField()
    study = serializers.UUIDField(required=False, allow_null=True)
    visibility = serializers.ChoiceField(choices=Leaderboard.Visibility.choices, required=False)
    members = serializers.ListField(child=serializers.CharField(max_length=150), required=False)
    metrics = serializers.ListField(child=serializers.CharField(max_length=60), required=False)
    order = serializers.CharField(max_length=60, required=False, help_text="`rank` or a metric.")
    evalsets = serializers.ListField(
        child=serializers.UUIDField(), required=False, help_text="Further sets, in columns of their own."
    )
    languages = serializers.ListField(child=serializers.CharField(max_length=16), required=False)
    categories = serializers.ListField(child=serializers.CharField(max_length=80), required=False)
    models = serializers.ListField(child=serializers.CharField(max_length=36), required=False)


class LeaderboardChange(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    visibility = serializers.ChoiceField(choices=Leaderboard.Visibility.choices, required=False)
    members = serializers.ListField(child=serializers.CharField(max_length=150), required=False)


class Moment(serializers.DateTimeField):
    """An unescaped `+` of a zone arrives as a blank."""

    def to_internal_value(self, value: Any) -> Any:
        return super().to_internal_value(value.replace(" ", "+") if isinstance(value, str) and "T" in value else value)


class Asked(serializers.Serializer[Any]):
    """What may stand in the address."""

    language = serializers.CharField(required=False, default="", allow_blank=True)
    category = serializers.CharField(required=False, default="", allow_blank=True)
    snapshot = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    as_of = Moment(required=False, help_text="What was shown at that moment.")
    format = serializers.ChoiceField(choices=["json", "csv"], required=False, default="json")
    columns = serializers.CharField(
        required=False, allow_blank=True, help_text="By commas: rank, strength, votes, likert, cost, keys or metrics."
    )
    page = serializers.IntegerField(required=False, min_value=1, max_value=100_000)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=500)


class LeaderboardsView(GenericAPIView[Leaderboard]):
    permission_classes = READ
    serializer_class = LeaderboardOut
    queryset = Leaderboard.objects.none()

    @extend_schema(operation_id="leaderboards_list", responses={200: LeaderboardOut(many=True), **REFUSALS})
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(readable(request.user).select_related("study").order_by("name", "pk")) or []
        return self.get_paginated_response(LeaderboardOut(page, many=True).data)

    @extend_schema(
        request=LeaderboardIn,
        responses={201: LeaderboardOut, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        actor = admin_of(request)
        form = LeaderboardIn(data=request.data)
        form.is_valid(raise_exception=True)
        made = create_leaderboard(actor=actor, **form.validated_data)
        return Response(LeaderboardOut(made).data, status=201)


class LeaderboardView(APIView):
    """A stored slice of a snapshot. Nothing is computed to answer it."""

    permission_classes = READ
    throttle_classes = (ReadThrottle,)
    content_negotiation_class = OwnFormat

    @extend_schema(
        parameters=[Asked],
        responses={
            (200, "application/json"): BoardOut,
            (200, "text/csv"): OpenApiTypes.STR,
            304: None,
            **REFUSALS,
        },
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        """The newest snapshot, or the one that is named; see also `evaluation.api.quick`."""
        return _cut(request, slug)

    @extend_schema(
        request=LeaderboardChange,
        responses={200: LeaderboardOut, **REFUSALS},
    )
    def patch(self, request: Request, slug: str) -> Response:
        leaderboard = get_leaderboard(slug, request.user)
        actor = admin_of(request)
        form = LeaderboardChange(data=request.data)
        form.is_valid(raise_exception=True)
        change_leaderboard(actor=actor, leaderboard=leaderboard, **form.validated_data)
        return Response(LeaderboardOut(leaderboard).data)


def _cut(request: Request, slug: str) -> HttpResponse:
    """An earlier snapshot, some columns, or a page of rows."""
    leaderboard = get_leaderboard(slug, request.user)
    form = Asked(data=request.query_params)
    form.is_valid(raise_exception=True)
    asked = form.validated_data
    snapshot = snapshot_at(leaderboard, number=asked.get("snapshot"), as_of=asked.get("as_of"))
    found = slice_of(snapshot, asked["language"], asked["category"])
    cut = {"columns", "page", "page_size"} & asked.keys()
    body = _body(found, asked) if cut else found.csv if asked["format"] == "csv" else found.json
    headers = headers_for(leaderboard.visibility, etag_of(body))
    if is_current(request, headers["ETag"]):
        return not_modified(headers)
    return _answer(body, asked["format"], headers)


def _body(found: SnapshotSlice, asked: dict[str, Any]) -> str:
    rows, head = found.rows, dict(found.head)
    columns, parts = head.pop("columns"), PARTS
    if asked.get("columns"):
        columns, parts = chosen(columns, asked["columns"].split(","))
        rows = cut(rows, columns, parts)
    if "page" in asked or "page_size" in asked:
        size = asked.get("page_size", 50)
        start = (asked.get("page", 1) - 1) * size
        head |= {"count": len(rows), "page": asked.get("page", 1), "page_size": size}
        rows = rows[start : start + size]
    return csv_body(columns, rows, parts) if asked["format"] == "csv" else json_body(head, columns, rows)


def _answer(body: str, kind: str, headers: dict[str, str]) -> HttpResponse:
    return HttpResponse(body, content_type=TYPES[kind], headers=headers)


urlpatterns = [
    path("leaderboards/", LeaderboardsView.as_view(), name="leaderboards"),
    path("leaderboards/<slug:slug>/", LeaderboardView.as_view(), name="leaderboard"),
]
