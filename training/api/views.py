from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from sftlab.access import IsAdmin, person
from sftlab.api import ErrorSerializer
from training import selectors
from training.api import serializers
from training.models import LanguageModel, Preflight, Run
from training.run_dirs import run_dir
from training.services import models, runs
from training.supervisor import log_tail

REFUSALS: dict[int, Any] = {400: ErrorSerializer, 403: ErrorSerializer, 409: ErrorSerializer}
MOVES: dict[int, Any] = {200: serializers.RunDetailSerializer, 404: ErrorSerializer, 409: ErrorSerializer}


class AdminWrites(IsAdmin):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in SAFE_METHODS or super().has_permission(request, view)


class ListCreate(generics.ListAPIView[Any]):
    permission_classes: list[type[BasePermission]] = [*APIView.permission_classes, AdminWrites]  # type: ignore[list-item]


def valid(serializer: BaseSerializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


class Models(ListCreate):
    """Registered models."""

    serializer_class = serializers.ModelSerializer

    def get_queryset(self) -> "QuerySet[LanguageModel]":
        return selectors.visible_models(person(self.request))

    @extend_schema(request=serializers.NewModel, responses={201: serializers.ModelSerializer, **REFUSALS})
    def post(self, request: Request) -> Response:
        """Register a folder (`path`), a model on a hub (`hub_id`), or, with neither, one that lives elsewhere."""
        model = models.register_model(actor=person(request), **valid(serializers.NewModel(data=request.data)))
        return Response(serializers.ModelSerializer(model).data, status=status.HTTP_201_CREATED)


class Model(generics.RetrieveAPIView[LanguageModel]):
    serializer_class = serializers.ModelSerializer
    lookup_field = "uuid"
    lookup_url_kwarg = "id"

    def get_queryset(self) -> "QuerySet[LanguageModel]":
        return selectors.visible_models(person(self.request))


class Runs(ListCreate):
    """Runs, the newest first."""

    serializer_class = serializers.RunSerializer

    def get_queryset(self) -> "QuerySet[Run]":
        return selectors.visible_runs(person(self.request))

    @extend_schema(request=serializers.NewRun, responses={201: serializers.RunDetailSerializer, **REFUSALS})
    def post(self, request: Request) -> Response:
        """Freeze and queue a run. All faults are listed at once."""
        run = runs.create_run(actor=person(request), **valid(serializers.NewRun(data=request.data)))
        return Response(serializers.RunDetailSerializer(run).data, status=status.HTTP_201_CREATED)


class RunView(APIView):
    """An endpoint about one run that the person may see."""

    def run(self, id: UUID) -> Run:
        return get_object_or_404(selectors.visible_runs(person(self.request)), uuid=id)


class RunDetail(RunView):
    @extend_schema(responses={200: serializers.RunDetailSerializer, 404: ErrorSerializer})
    def get(self, request: Request, id: UUID) -> Response:
        return Response(serializers.RunDetailSerializer(self.run(id)).data)


class RunMetrics(RunView):
    @extend_schema(
        parameters=[
            OpenApiParameter("after", int, description="`after` of the last answer; 0 or none means from the start."),
            OpenApiParameter("limit", int, description="At most this many, 1 to 10,000."),
        ],
        responses={200: serializers.MetricsPage, 400: ErrorSerializer, 404: ErrorSerializer},
    )
    def get(self, request: Request, id: UUID) -> Response:
        """Points of the curves. A later attempt's point replaces an earlier one's of the same step and kind."""
        run = self.run(id)
        asked = valid(serializers.MetricsQuery(data=request.query_params))
        found = selectors.metrics_after(run, after=asked["after"], limit=asked["limit"] + 1)
        page = found[: asked["limit"]]
        answer = {
            "results": page,
            "after": page[-1].pk if page else asked["after"],
            "more": len(found) > len(page),
            "status": run.status,
            "progress": run.progress,
        }
        return Response(serializers.MetricsPage(answer).data)


class RunLog(RunView):
    @extend_schema(responses={200: serializers.LogSerializer, 404: ErrorSerializer})
    def get(self, request: Request, id: UUID) -> Response:
        """The end of what the run's process printed."""
        return Response({"text": log_tail(run_dir(self.run(id).uuid), 200)})


class AdminRunView(RunView):
    permission_classes = [*APIView.permission_classes, AdminWrites]


class RunCancel(AdminRunView):
    @extend_schema(request=None, responses=MOVES)
    def post(self, request: Request, id: UUID) -> Response:
        """The run stops at the end of its step, with a checkpoint; it is `cancelled` once its process is dead."""
        run = self.run(id)
        runs.cancel_run(actor=person(request), run=run)
        return Response(serializers.RunDetailSerializer(run).data)


class RunResume(AdminRunView):
    @extend_schema(request=None, responses=MOVES)
    def post(self, request: Request, id: UUID) -> Response:
        """Go on from the last good checkpoint."""
        run = self.run(id)
        runs.resume_run(actor=person(request), run=run)
        return Response(serializers.RunDetailSerializer(run).data)


class Preflights(APIView):
    permission_classes = [*APIView.permission_classes, IsAdmin]

    @extend_schema(request=serializers.NewPreflight, responses={202: serializers.PreflightSerializer, **REFUSALS})
    def post(self, request: Request) -> Response:
        """Look at a run before it is made: its first rows with the learnt tokens marked, counts, memory and time."""
        made = runs.create_preflight(actor=person(request), **valid(serializers.NewPreflight(data=request.data)))
        return Response(serializers.PreflightSerializer(made).data, status=status.HTTP_202_ACCEPTED)


class PreflightDetail(APIView):
    @extend_schema(responses={200: serializers.PreflightSerializer, 404: ErrorSerializer})
    def get(self, request: Request, id: UUID) -> Response:
        found: Preflight = get_object_or_404(selectors.visible_preflights(person(request)), uuid=id)
        return Response(serializers.PreflightSerializer(found).data)
