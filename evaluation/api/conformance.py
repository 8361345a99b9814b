from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluation.api.access import READ, REFUSALS, admin_of
from evaluation.models import Conformance
from evaluation.services.conformance import ask_for_conformance
from sftlab.errors import Missing


class ResultOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    source = serializers.CharField(help_text="Where the number was published.")  # type: ignore[assignment]  # DRF's own name
    expected = serializers.FloatField()
    found = serializers.FloatField(allow_null=True)
    difference = serializers.FloatField(allow_null=True)
    tolerance = serializers.FloatField()
    passed = serializers.BooleanField()
    error = serializers.CharField(allow_blank=True)


class ConformanceOut(serializers.ModelSerializer[Conformance]):
    results = ResultOut(many=True)

    class Meta:
        model = Conformance
        fields = ("passed", "created_at", "seconds", "versions", "results")


class ConformanceView(APIView):
    permission_classes = READ

    @extend_schema(responses={200: ConformanceOut, **REFUSALS})
    def get(self, request: Request) -> Response:
        """What the last job found when it derived the published numbers on this installation."""
        found = Conformance.objects.first()
        if found is None:
            raise Missing("No job has derived the published numbers here yet.")
        return Response(ConformanceOut(found).data)

    @extend_schema(request=None, responses={202: None, **REFUSALS})
    def post(self, request: Request) -> Response:
        """Ask for it now; the result follows by a job."""
        ask_for_conformance(actor=admin_of(request))
        return Response(status=202)


urlpatterns = [path("conformance/", ConformanceView.as_view(), name="conformance")]
