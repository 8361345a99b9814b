from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluation.api.access import ADMIN, REFUSALS, admin_of
from evaluation.models import ForgettingGate
from evaluation.selectors.forgetting import gates_of, get_run
from evaluation.services.forgetting import set_gate
from sftlab.api import ErrorSerializer


class FindingOut(serializers.Serializer[Any]):
    metric = serializers.CharField()
    language = serializers.CharField()
    margin = serializers.FloatField()
    verdict = serializers.ChoiceField(choices=["passed", "failed", "undecided"])
    n = serializers.IntegerField()
    lost = serializers.FloatField(allow_null=True, help_text="How much worse the tuned model is; below 0 it is better.")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    reason = serializers.CharField()


class GateOut(serializers.ModelSerializer[ForgettingGate]):
    id = serializers.UUIDField(source="uuid")
    evalset = serializers.UUIDField(source="evalset.uuid")
    evaluation = serializers.UUIDField(source="evaluation.uuid", allow_null=True)
    margins = serializers.DictField(child=serializers.FloatField())
    passed = serializers.SerializerMethodField(help_text="Null while it waits and where the interval decides nothing.")
    result = FindingOut(many=True)
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = ForgettingGate
        fields = (
            *("id", "evalset", "margins", "decoding", "seed", "status", "passed", "evaluation", "result"),
            *("created_by", "created_at"),
        )

    def get_passed(self, gate: ForgettingGate) -> bool | None:
        return {ForgettingGate.Status.PASSED: True, ForgettingGate.Status.FAILED: False}.get(
            ForgettingGate.Status(gate.status)
        )


class ForgettingIn(serializers.Serializer[Any]):
    evalset = serializers.UUIDField(help_text="A general set, of what the model could do before.")
    margins = serializers.DictField(
        child=serializers.FloatField(), help_text="By metric how much worse the tuned model may be, in its units."
    )
    decoding = serializers.DictField(required=False, default=dict)
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False, default=0)


class ForgettingView(APIView):
    permission_classes = ADMIN

    @extend_schema(operation_id="run_forgetting", responses={200: GateOut(many=True), **REFUSALS})
    def get(self, request: Request, run: UUID) -> Response:
        """A run's gates against forgetting, with what was found."""
        return Response(GateOut(gates_of(get_run(run)), many=True).data)

    @extend_schema(request=ForgettingIn, responses={201: GateOut, 409: ErrorSerializer, **REFUSALS})
    def post(self, request: Request, run: UUID) -> Response:
        """Base and tuned model answer the set once the run is finished, at once if it is; the run passes when what the
        tuned one lost stays within the margins, the whole interval of it."""
        form = ForgettingIn(data=request.data)
        form.is_valid(raise_exception=True)
        made = set_gate(actor=admin_of(request), run=get_run(run), **form.validated_data)
        return Response(GateOut(gates_of(made.run).get(pk=made.pk)).data, status=201)


urlpatterns = [path("runs/<uuid:run>/forgetting/", ForgettingView.as_view(), name="run-forgetting")]
