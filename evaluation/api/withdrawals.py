from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.access import MANAGERS
from annotation.selectors.items import item_for
from evaluation.api.access import REFUSALS, user_of
from evaluation.selectors.impact import impact
from evaluation.services.withdrawals import withdraw


class Named(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class NamedBoard(Named):
    slug = serializers.CharField()


class ImpactOut(serializers.Serializer[Any]):
    versions = Named(many=True)
    runs = Named(many=True)
    models = Named(many=True)
    evaluations = Named(many=True)
    leaderboards = NamedBoard(many=True)


class WithdrawIn(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=4000)


class WithdrawnOut(serializers.Serializer[Any]):
    row = serializers.UUIDField()
    reason = serializers.CharField()
    withdrawn_at = serializers.DateTimeField()
    touched = ImpactOut()


class WithdrawView(APIView):
    """For the project's managers and administrators."""

    @extend_schema(request=WithdrawIn, responses={200: WithdrawnOut, **REFUSALS})
    def post(self, request: Request, row: UUID) -> Response:
        """The row is left out of new versions; exporting or training on a version that holds it is a 409 from now on.

        Said again, it changes nothing.
        """
        item = item_for(user=user_of(request), uuid=row, allowed=MANAGERS)
        form = WithdrawIn(data=request.data)
        form.is_valid(raise_exception=True)
        made, touched = withdraw(actor=user_of(request), row=item, reason=form.validated_data["reason"])
        said = {"row": item.uuid, "reason": made.reason, "withdrawn_at": made.created_at, "touched": touched}
        return Response(WithdrawnOut(said).data)


class ImpactView(APIView):
    @extend_schema(responses={200: ImpactOut, **REFUSALS})
    def get(self, request: Request, row: UUID) -> Response:
        """Everything that this row touched."""
        return Response(ImpactOut(impact(item_for(user=user_of(request), uuid=row, allowed=MANAGERS))).data)


urlpatterns = [
    path("rows/<uuid:row>/withdraw/", WithdrawView.as_view(), name="row-withdraw"),
    path("rows/<uuid:row>/impact/", ImpactView.as_view(), name="row-impact"),
]
