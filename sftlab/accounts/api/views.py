from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sftlab.access import LoginThrottle, person
from sftlab.accounts import services
from sftlab.accounts.models import ApiToken
from sftlab.api import ErrorSerializer


class LogIn(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=200, trim_whitespace=False, write_only=True)


class Issued(serializers.Serializer[Any]):
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class TokenView(APIView):
    """Exchange a name and a password for a token that expires."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (LoginThrottle,)

    @extend_schema(request=LogIn, responses={200: Issued, 400: ErrorSerializer, 429: ErrorSerializer})
    def post(self, request: Request) -> Response:
        form = LogIn(data=request.data)
        form.is_valid(raise_exception=True)
        token, text = services.log_in_for_token(request=request._request, **form.validated_data)
        return Response({"token": text, "expires_at": token.expiry})


class NamedToken(serializers.ModelSerializer[ApiToken]):
    id = serializers.UUIDField(source="uuid", read_only=True)
    expires_at = serializers.DateTimeField(source="expiry")

    class Meta:
        model = ApiToken
        fields: tuple[str, ...] = ("id", "name", "scope", "expires_at", "created_at", "last_used_at")
        read_only_fields = ("created_at", "last_used_at")


class MadeToken(NamedToken):
    token = serializers.CharField(help_text="Shown this once.")

    class Meta(NamedToken.Meta):
        fields = (*NamedToken.Meta.fields, "token")


class TokensView(APIView):
    """A person's own named tokens, for programs."""

    @extend_schema(responses={200: NamedToken(many=True)})
    def get(self, request: Request) -> Response:
        mine = ApiToken.objects.filter(user=person(request)).order_by("-created_at")
        return Response(NamedToken(mine, many=True).data)

    @extend_schema(request=NamedToken, responses={201: MadeToken, 400: ErrorSerializer})
    def post(self, request: Request) -> Response:
        form = NamedToken(data=request.data)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        lasts: timedelta = asked["expiry"] - timezone.now()
        token, text = services.create_token(
            user=person(request),
            name=asked.get("name", "token"),
            scope=asked.get("scope", ApiToken.Scope.READ),
            lasts=lasts,
        )
        return Response({**NamedToken(token).data, "token": text}, status=201)


class TokenDetailView(APIView):
    @extend_schema(responses={204: None, 404: ErrorSerializer})
    def delete(self, request: Request, token: UUID) -> Response:
        services.revoke_token(user=person(request), token=token)
        return Response(status=204)
