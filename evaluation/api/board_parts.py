"""Beside a leaderboard: its history, what moved, a gate for pipelines, webhooks, a badge."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluation.api.access import READ, REFUSALS, admin_of
from evaluation.api.board_schema import BoardDiffOut, GateIn, GateOut, HistoryOut
from evaluation.api.reading import headers_for, is_current, not_modified
from evaluation.leaderboards.badge import badge
from evaluation.leaderboards.bodies import digest, etag_of
from evaluation.leaderboards.gate import read_gate
from evaluation.models import Delivery, Leaderboard, Webhook
from evaluation.selectors.evidence import judged
from evaluation.selectors.history import diff, history
from evaluation.selectors.leaderboards import get_leaderboard, slice_of, snapshot_at, webhooks_of
from evaluation.services.webhooks import add_webhook, remove_webhook
from sftlab.errors import Missing

LARGEST = 2**31 - 1


class SliceAsked(serializers.Serializer[Any]):
    language = serializers.CharField(required=False, default="", allow_blank=True)
    category = serializers.CharField(required=False, default="", allow_blank=True)


class HistoryAsked(SliceAsked):
    model = serializers.UUIDField(required=False)


class DiffAsked(SliceAsked):
    to = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "from": serializers.IntegerField(min_value=1, max_value=LARGEST)}


class BadgeAsked(SliceAsked):
    model = serializers.UUIDField(required=False)


class WebhookIn(serializers.Serializer[Any]):
    url = serializers.URLField(max_length=500)


class DeliveryOut(serializers.ModelSerializer[Delivery]):
    snapshot = serializers.IntegerField(source="snapshot.number")

    class Meta:
        model = Delivery
        fields = ("snapshot", "attempts", "answer", "delivered_at", "gave_up_at")


class WebhookOut(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="webhook.uuid")
    url = serializers.URLField(source="webhook.url")
    created_at = serializers.DateTimeField(source="webhook.created_at")
    last_delivery = DeliveryOut(allow_null=True)


class WebhookMade(serializers.ModelSerializer[Webhook]):
    id = serializers.UUIDField(source="uuid")

    class Meta:
        model = Webhook
        fields = ("id", "url", "created_at", "secret")


class HistoryView(APIView):
    permission_classes = READ

    @extend_schema(parameters=[HistoryAsked], responses={200: HistoryOut(many=True), 304: None, **REFUSALS})
    def get(self, request: Request, slug: str) -> HttpResponse:
        board = get_leaderboard(slug, request.user)
        asked = _asked(HistoryAsked, request)
        model = str(asked.pop("model", ""))
        return _conditional(request, board, asked | {"model": model}, lambda: history(board, model=model, **asked))


class DiffView(APIView):
    permission_classes = READ

    @extend_schema(parameters=[DiffAsked], responses={200: BoardDiffOut, 304: None, **REFUSALS})
    def get(self, request: Request, slug: str) -> HttpResponse:
        """From one snapshot to another, by default the newest: what moved, and which inputs moved it."""
        board = get_leaderboard(slug, request.user)
        asked = _asked(DiffAsked, request)
        wanted = {"before": asked.pop("from"), "after": asked.pop("to", None) or snapshot_at(board).number, **asked}
        return _conditional(request, board, wanted, lambda: diff(board, **wanted))


class GateView(APIView):
    """Changes nothing, so a read-only token may ask."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(request=GateIn, responses={200: GateOut, **REFUSALS})
    def post(self, request: Request, slug: str) -> Response:
        """Is this model good enough beside that one? Pass, fail or undetermined, with the evidence."""
        board = get_leaderboard(slug, request.user)
        return Response(judged(board, read_gate(request.data), request.user))


class WebhooksView(APIView):
    permission_classes = (IsAuthenticated, *READ[1:])

    @extend_schema(responses={200: WebhookOut(many=True), **REFUSALS})
    def get(self, request: Request, slug: str) -> Response:
        board = _managed(request, slug)
        found = [{"webhook": webhook, "last_delivery": last} for webhook, last in webhooks_of(board)]
        return Response(WebhookOut(found, many=True).data)

    @extend_schema(request=WebhookIn, responses={201: WebhookMade, **REFUSALS})
    def post(self, request: Request, slug: str) -> Response:
        """The secret that signs the messages is shown this once."""
        board = _managed(request, slug)
        form = WebhookIn(data=request.data)
        form.is_valid(raise_exception=True)
        made = add_webhook(actor=admin_of(request), leaderboard=board, **form.validated_data)
        return Response(WebhookMade(made).data, status=201)


class WebhookView(APIView):
    permission_classes = (IsAuthenticated, *READ[1:])

    @extend_schema(responses={204: None, **REFUSALS})
    def delete(self, request: Request, slug: str, webhook: UUID) -> Response:
        remove_webhook(actor=admin_of(request), leaderboard=_managed(request, slug), webhook=webhook)
        return Response(status=204)


class BadgeView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(parameters=[BadgeAsked], responses={(200, "image/svg+xml"): OpenApiTypes.STR, 304: None, **REFUSALS})
    def get(self, request: Request, slug: str) -> HttpResponse:
        board = get_leaderboard(slug, request.user)
        asked = _asked(BadgeAsked, request)
        body = _badge(board, str(asked.pop("model", "")), **asked)
        headers = headers_for(board.visibility, etag_of(body))
        if is_current(request, headers["ETag"]):
            return not_modified(headers)
        return HttpResponse(body, content_type="image/svg+xml", headers=headers)


def _badge(board: Leaderboard, model: str, language: str, category: str) -> str:
    """A model's place among all, or the snapshot's number."""
    snapshot = snapshot_at(board)
    if not model:
        return badge(board.name, f"#{snapshot.number}", good=False)
    rows = slice_of(snapshot, language, category).rows
    row = next((row for row in rows if row["model"]["id"] == model), None)
    if row is None:
        raise Missing("This model is not on the leaderboard.")
    best, worst = row["rank"] or (row["position"], row["position"])
    place = str(best) if best == worst else f"{best}–{worst}"
    return badge(board.name, f"{place} / {len(rows)}", good=best == 1)


def _asked(form: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    found = form(data=request.query_params)
    found.is_valid(raise_exception=True)
    return dict(found.validated_data)


def _conditional(request: Request, board: Leaderboard, asked: dict[str, Any], find: Callable[[], Any]) -> HttpResponse:
    """What is asked of one snapshot and those before it never changes."""
    etag = etag_of(digest([board.current_id, board.slug, asked]))
    headers = headers_for(board.visibility, etag)
    return not_modified(headers) if is_current(request, etag) else Response(find(), headers=headers)


def _managed(request: Request, slug: str) -> Leaderboard:
    board = get_leaderboard(slug, request.user)
    admin_of(request)
    return board


urlpatterns = [
    path("leaderboards/<slug:slug>/history/", HistoryView.as_view(), name="leaderboard-history"),
    path("leaderboards/<slug:slug>/diff/", DiffView.as_view(), name="leaderboard-diff"),
    path("leaderboards/<slug:slug>/gate/", GateView.as_view(), name="leaderboard-gate"),
    path("leaderboards/<slug:slug>/badge.svg", BadgeView.as_view(), name="leaderboard-badge"),
    path("leaderboards/<slug:slug>/webhooks/", WebhooksView.as_view(), name="leaderboard-webhooks"),
    path("leaderboards/<slug:slug>/webhooks/<uuid:webhook>/", WebhookView.as_view(), name="leaderboard-webhook"),
]
