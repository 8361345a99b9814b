"""What raters call. Every answer is opaque, uncached, and the same in form whatever is compared."""

from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluation.rating_answers import CHOICES, LAYOUTS, LONGEST_COMMENT, SIDES
from evaluation.selectors import studies as selectors
from evaluation.services.studies import rating as services
from evaluation.services.studies.checks import feedback_of
from sftlab.access import person
from sftlab.api import ErrorSerializer
from sftlab.errors import BadInput

REFUSED = {403: ErrorSerializer, 404: ErrorSerializer, 409: ErrorSerializer}


class Turn(serializers.Serializer[Any]):
    role = serializers.CharField()
    content = serializers.CharField()


class ShownOut(serializers.Serializer[Any]):
    rating = serializers.UUIDField()
    prompt = Turn(many=True)
    left = serializers.CharField()
    right = serializers.CharField(allow_null=True)
    draft = serializers.JSONField(allow_null=True)


class RatingClaimIn(serializers.Serializer[Any]):
    ahead = serializers.BooleanField(required=False, default=False)


class JudgementIn(serializers.Serializer[Any]):
    """For the schema; the study's design decides what is needed."""

    choice = serializers.ChoiceField(choices=CHOICES, required=False)
    scores = serializers.DictField(
        required=False, help_text="{dimension: 1..5}, or {left: {…}, right: {…}} in design both."
    )
    reasons = serializers.ListField(child=serializers.CharField(), required=False)
    comment = serializers.CharField(max_length=LONGEST_COMMENT, required=False)
    harmful = serializers.ListField(child=serializers.ChoiceField(choices=SIDES), required=False)
    lead_time = serializers.FloatField(required=False)
    layout = serializers.ChoiceField(choices=LAYOUTS, required=False)


class VotedOut(serializers.Serializer[Any]):
    rating = serializers.UUIDField()
    feedback = serializers.DictField(
        allow_null=True, help_text="Only for the questions before a study: {passed, why: {en, zh}}."
    )


class KeptOut(serializers.Serializer[Any]):
    live = serializers.BooleanField()


class RatingSkipIn(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)


class Unstored(APIView):
    """Nothing is to be kept on the way: what a cache remembers could be compared."""

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response


class ClaimView(Unstored):
    @extend_schema(request=RatingClaimIn, responses={200: ShownOut, 204: None, **REFUSED})
    def post(self, request: Request, study: UUID) -> Response:
        form = RatingClaimIn(data=request.data)
        form.is_valid(raise_exception=True)
        found = selectors.get_study(user=person(request), uuid=study)
        rating = services.claim(user=person(request), study=found, ahead=form.validated_data["ahead"])
        return Response(status=204) if rating is None else Response(selectors.shown(selectors.load_shown(rating)))


class DraftView(Unstored):
    @extend_schema(request=dict, responses={200: KeptOut, **REFUSED})
    def put(self, request: Request, rating: UUID) -> Response:
        return Response({"live": services.save_draft(user=person(request), uuid=rating, draft=request.data)})


class HeartbeatView(Unstored):
    @extend_schema(request=None, responses={204: None, **REFUSED})
    def post(self, request: Request, rating: UUID) -> Response:
        services.heartbeat(user=person(request), uuid=rating)
        return Response(status=204)


class SkipView(Unstored):
    @extend_schema(request=RatingSkipIn, responses={204: None, **REFUSED})
    def post(self, request: Request, rating: UUID) -> Response:
        form = RatingSkipIn(data=request.data)
        form.is_valid(raise_exception=True)
        services.skip(user=person(request), uuid=rating, reason=form.validated_data["reason"])
        return Response(status=204)


class SubmitView(Unstored):
    @extend_schema(
        request=JudgementIn,
        parameters=[OpenApiParameter("Idempotency-Key", str, "header")],
        responses={201: VotedOut, 200: VotedOut, 400: ErrorSerializer, **REFUSED},
    )
    def post(self, request: Request, rating: UUID) -> Response:
        """Said again with the same key and body: 200 and the same answer."""
        if not isinstance(request.data, dict):
            raise BadInput("Send an object.")
        key = request.headers.get("Idempotency-Key", "")[:200]
        vote, fresh = services.submit(user=person(request), uuid=rating, key=key, body=request.data)
        return Response({"rating": str(rating), "feedback": feedback_of(vote)}, status=201 if fresh else 200)


class UndoView(Unstored):
    @extend_schema(request=None, responses={200: ShownOut, **REFUSED})
    def post(self, request: Request, rating: UUID) -> Response:
        """The last vote, until the next is cast. Answers with the comparison again, under a new id."""
        again = services.undo(user=person(request), uuid=rating)
        return Response(selectors.shown(selectors.load_shown(again)))


urlpatterns = [
    path("studies/<uuid:study>/claim/", ClaimView.as_view(), name="study-claim"),
    path("ratings/<uuid:rating>/draft/", DraftView.as_view(), name="rating-draft"),
    path("ratings/<uuid:rating>/heartbeat/", HeartbeatView.as_view(), name="rating-heartbeat"),
    path("ratings/<uuid:rating>/skip/", SkipView.as_view(), name="rating-skip"),
    path("ratings/<uuid:rating>/submit/", SubmitView.as_view(), name="rating-submit"),
    path("ratings/<uuid:rating>/undo/", UndoView.as_view(), name="rating-undo"),
]
