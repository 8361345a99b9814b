from dataclasses import asdict
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.access import JUDGES, MANAGERS, access
from annotation.api import schema
from annotation.api.base import parsed, person
from annotation.models import Project
from annotation.selectors import progress, quality, throughput
from annotation.services import bulk


class IntervalOut(serializers.Serializer[Any]):
    dimension = serializers.CharField()
    measure = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    reason = serializers.CharField()


class PointOut(IntervalOut):
    until = serializers.DateTimeField()


class PersonOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    person = serializers.CharField()
    scripted = serializers.BooleanField()
    submitted = serializers.IntegerField()
    median_seconds = serializers.FloatField(allow_null=True)
    last_at = serializers.DateTimeField(allow_null=True)
    gold_answered = serializers.IntegerField()
    gold_accuracy = serializers.FloatField(allow_null=True)
    gold_low = serializers.FloatField(allow_null=True)
    gold_high = serializers.FloatField(allow_null=True)
    accepted = serializers.IntegerField()
    rejected = serializers.IntegerField()
    fixed = serializers.IntegerField()
    acceptance = serializers.FloatField(allow_null=True)
    paused = serializers.BooleanField()


class DayOut(serializers.Serializer[Any]):
    day = serializers.DateField()
    person = serializers.CharField()
    answers = serializers.IntegerField()


class SignalOut(serializers.Serializer[Any]):
    kind = serializers.CharField()
    username = serializers.CharField()
    text = serializers.CharField()


class ProgressOut(serializers.Serializer[Any]):
    done = serializers.IntegerField()
    held = serializers.IntegerField()
    total = serializers.IntegerField()
    waiting = serializers.IntegerField()
    accepted = serializers.IntegerField()
    per_day = serializers.FloatField()
    ends_at = serializers.DateTimeField(allow_null=True)


class BulkIn(schema.Strict):
    items = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=bulk.MOST)
    action = serializers.ChoiceField(choices=list(bulk.ACTIONS))
    username = serializers.CharField(required=False, max_length=150, default="")
    priority = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=-1_000_000, max_value=1_000_000
    )
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")


class ChangedOut(serializers.Serializer[Any]):
    changed = serializers.IntegerField()


def _managed(request: Request, project: UUID) -> Project:
    return access(person(request), project, MANAGERS).project


class ProgressView(APIView):
    @extend_schema(responses=schema.answers({200: ProgressOut}))
    def get(self, request: Request, project: UUID) -> Response:
        found = access(person(request), project, JUDGES).project
        return Response(asdict(progress.progress(found)))


class AgreementView(APIView):
    """Krippendorff's alpha per dimension with a bootstrap interval, or chrF between writers."""

    @extend_schema(responses=schema.answers({200: IntervalOut(many=True)}))
    def get(self, request: Request, project: UUID) -> Response:
        return Response([asdict(found) for found in quality.agreements(_managed(request, project))])


class AgreementHistoryView(APIView):
    """The same in equal parts of the work so far."""

    @extend_schema(responses=schema.answers({200: PointOut(many=True)}))
    def get(self, request: Request, project: UUID) -> Response:
        return Response(quality.agreement_over_time(_managed(request, project)))


class PeopleView(APIView):
    """Annotators with what they did; the intervals are Wilson's, 95%, over the window of hidden gold."""

    @extend_schema(responses=schema.answers({200: PersonOut(many=True)}))
    def get(self, request: Request, project: UUID) -> Response:
        return Response([row.figures() for row in progress.people(_managed(request, project))])


class ThroughputView(APIView):
    """Answers per day and person."""

    @extend_schema(responses=schema.answers({200: DayOut(many=True)}))
    def get(self, request: Request, project: UUID) -> Response:
        return Response(throughput.per_day(_managed(request, project)))


class SignalsView(APIView):
    """What a manager should look at. Nothing is done about it by itself."""

    @extend_schema(responses=schema.answers({200: SignalOut(many=True)}))
    def get(self, request: Request, project: UUID) -> Response:
        return Response([asdict(found) for found in quality.signals(_managed(request, project))])


class BulkView(APIView):
    """Assign, prioritise, return, exclude: many items at once."""

    @extend_schema(request=BulkIn, responses=schema.answers({200: ChangedOut}, 409))
    def post(self, request: Request, project: UUID) -> Response:
        found = _managed(request, project)
        return Response({"changed": bulk.act(actor=person(request), project=found, **parsed(BulkIn, request))})
