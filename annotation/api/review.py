from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.access import JUDGES, access
from annotation.api import schema
from annotation.api.base import paged, parsed, person
from annotation.models import Response as Answer
from annotation.selectors.adjudication import to_adjudicate
from annotation.services import review


class ReviewQueueView(APIView):
    """What waits for review and is not this person's own, the oldest first."""

    @extend_schema(responses=schema.answers({200: schema.ResponseOut(many=True)}))
    def get(self, request: Request, project: UUID) -> Response:
        found = access(person(request), project, JUDGES).project
        waiting = Answer.objects.filter(project=found, state=Answer.State.WAITING).exclude(author=person(request))
        rows = waiting.select_related("item", "author").order_by("id")
        return paged(request, self, rows, lambda page: schema.ResponseOut(page, many=True).data)


class AdjudicationsView(APIView):
    """Items whose several responses wait for one to be kept; without names, and none that this person answered."""

    @extend_schema(responses=schema.answers({200: schema.AdjudicationOut(many=True)}))
    def get(self, request: Request, project: UUID) -> Response:
        found = access(person(request), project, JUDGES).project
        rows = to_adjudicate(found, person(request))
        return paged(request, self, rows, lambda page: schema.AdjudicationOut(page, many=True).data)


class ReviewNextView(APIView):
    """One to review now, kept from other reviewers for a while; 204 when nothing waits."""

    @extend_schema(request=None, responses=schema.answers({200: schema.ResponseOut, 204: None}))
    def post(self, request: Request, project: UUID) -> Response:
        found = access(person(request), project, JUDGES).project
        response = review.next_for_review(user=person(request), project=found)
        return Response(status=204) if response is None else Response(schema.ResponseOut(response).data)


class ResponsesView(APIView):
    """All responses of a project, the newest first."""

    @extend_schema(responses=schema.answers({200: schema.ResponseOut(many=True)}))
    def get(self, request: Request, project: UUID) -> Response:
        found = access(person(request), project, JUDGES).project
        rows = Answer.objects.filter(project=found).select_related("item", "author").order_by("-id")
        return paged(request, self, rows, lambda page: schema.ResponseOut(page, many=True).data)


class ReviewView(APIView):
    @extend_schema(request=schema.ReviewIn, responses=schema.answers({201: schema.ReviewOut}, 409))
    def post(self, request: Request, answer: UUID) -> Response:
        found = review.response_for(user=person(request), uuid=answer)
        made = review.review(user=person(request), response=found, **parsed(schema.ReviewIn, request))
        return Response(schema.ReviewOut(made).data, status=201)
