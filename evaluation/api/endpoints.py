from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluation.api.access import ADMIN, REFUSALS, admin_of
from evaluation.api.evaluations import ModelRef
from evaluation.models import Endpoint
from evaluation.selectors.endpoints import endpoints, get_endpoint
from evaluation.services.endpoints import change_endpoint, create_endpoint, remove_endpoint

LONGEST_KEY = 4096


class EndpointOut(serializers.ModelSerializer[Endpoint]):
    id = serializers.UUIDField(source="uuid")
    model = ModelRef()
    has_key = serializers.SerializerMethodField(help_text="Whether a key is stored; it is never shown.")
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = Endpoint
        fields = (
            *("id", "model", "base_url", "remote_name", "has_key", "key_variable", "concurrency"),
            *("created_by", "created_at"),
        )

    def get_has_key(self, endpoint: Endpoint) -> bool:
        return bool(endpoint.sealed_key)


class EndpointChange(serializers.Serializer[Any]):
    base_url = serializers.CharField(
        max_length=500, required=False, help_text="What stands before `/chat/completions`, such as `https://host/v1`."
    )
    remote_name = serializers.CharField(max_length=200, required=False, help_text="The model's name there.")
    key = serializers.CharField(
        max_length=LONGEST_KEY,
        required=False,
        write_only=True,
        help_text="Kept encrypted and never shown again; forgotten when the address changes.",
    )
    key_variable = serializers.CharField(
        max_length=100,
        required=False,
        allow_blank=True,
        help_text="Instead of a key: an environment variable of the worker, `SFTLAB_KEY_…`.",
    )
    concurrency = serializers.IntegerField(min_value=1, max_value=32, required=False, help_text="Requests at once.")


class EndpointIn(EndpointChange):
    name = serializers.CharField(
        max_length=120, help_text="The model's name here: a registered one that lives elsewhere, or a new one."
    )

    def get_fields(self) -> dict[str, Any]:
        found = super().get_fields()
        for name in ("base_url", "remote_name"):
            found[name].required = True
        return found


class EndpointsView(GenericAPIView[Endpoint]):
    permission_classes = ADMIN
    serializer_class = EndpointOut

    @extend_schema(operation_id="endpoints_list", responses={200: EndpointOut(many=True), **REFUSALS})
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(endpoints()) or []
        return self.get_paginated_response(EndpointOut(page, many=True).data)

    @extend_schema(request=EndpointIn, responses={201: EndpointOut, **REFUSALS})
    def post(self, request: Request) -> Response:
        """Where a model answers in the manner of OpenAI's API. Nothing is sent before an evaluation asks it."""
        form = EndpointIn(data=request.data)
        form.is_valid(raise_exception=True)
        made = create_endpoint(actor=admin_of(request), **form.validated_data)
        return Response(EndpointOut(made).data, status=201)


class EndpointView(APIView):
    permission_classes = ADMIN

    @extend_schema(responses={200: EndpointOut, **REFUSALS})
    def get(self, request: Request, endpoint: UUID) -> Response:
        return Response(EndpointOut(get_endpoint(endpoint)).data)

    @extend_schema(request=EndpointChange, responses={200: EndpointOut, **REFUSALS})
    def patch(self, request: Request, endpoint: UUID) -> Response:
        form = EndpointChange(data=request.data)
        form.is_valid(raise_exception=True)
        changed = change_endpoint(actor=admin_of(request), endpoint=get_endpoint(endpoint), **form.validated_data)
        return Response(EndpointOut(changed).data)

    @extend_schema(responses={204: None, **REFUSALS})
    def delete(self, request: Request, endpoint: UUID) -> Response:
        """The model stays, and what it has answered."""
        remove_endpoint(actor=admin_of(request), endpoint=get_endpoint(endpoint))
        return Response(status=204)


urlpatterns = [
    path("endpoints/", EndpointsView.as_view(), name="endpoints"),
    path("endpoints/<uuid:endpoint>/", EndpointView.as_view(), name="endpoint"),
]
