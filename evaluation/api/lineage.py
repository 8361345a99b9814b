from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluation.api.access import REFUSALS
from evaluation.lineage.walk import KINDS, lineage
from sftlab.access import TokenScope


class NodeOut(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=sorted(KINDS))
    id = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # DRF's own name
    facts = serializers.DictField()
    scripted = serializers.BooleanField(help_text="Made by a script of the demo.")
    marks = serializers.ListField(child=serializers.CharField())


class ListedOut(serializers.Serializer[Any]):
    kind = serializers.CharField()
    count = serializers.IntegerField(help_text="All of them, also those that are not listed.")
    nodes = NodeOut(many=True)


class LineageOut(serializers.Serializer[Any]):
    node = NodeOut()
    up = ListedOut(many=True, help_text="What it rests on.")
    down = ListedOut(many=True, help_text="What rests on it.")
    levels = serializers.ListField(
        child=ListedOut(many=True), help_text="Everything above, level by level, a few of each kind."
    )


class LineageView(APIView):
    """Where something comes from, and what it touched.

    For administrators with texts and names; for readers of a leaderboard as far as what it rests on, people counted.
    """

    permission_classes = (AllowAny, TokenScope)

    @extend_schema(responses={200: LineageOut, **REFUSALS})
    def get(self, request: Request, kind: str, key: str) -> Response:
        return Response(LineageOut(lineage(kind, key, request.user)).data)


urlpatterns = [path("lineage/<slug:kind>/<str:key>/", LineageView.as_view(), name="lineage")]
