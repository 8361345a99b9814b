from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluation.api.access import REFUSALS
from evaluation.lineage.walk import KINDS
from evaluation.services.lineage import look_up
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
    below = serializers.ListField(
        child=ListedOut(many=True), help_text="Everything that rests on it, level by level, a few of each kind."
    )
    edges = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField(), min_length=2, max_length=2),
        help_text="Between those nodes, as `kind/id`: the first rests on the second.",
    )


class LineageView(APIView):
    """Where something comes from, and what it touched.

    For administrators with texts and names. Readers of a leaderboard see what it rests on: votes of closed studies,
    rows and responses without their texts, people under an alias, outputs counted.
    """

    permission_classes = (AllowAny, TokenScope)

    @extend_schema(responses={200: LineageOut, **REFUSALS})
    def get(self, request: Request, kind: str, key: str) -> Response:
        return Response(LineageOut(look_up(kind=kind, key=key, person=request.user)).data)


urlpatterns = [path("lineage/<slug:kind>/<str:key>/", LineageView.as_view(), name="lineage")]
