from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.access import access
from annotation.api import schema
from annotation.api.base import paged, parsed, person
from annotation.feedback import feedback_text
from annotation.selectors.work import claim_payload, kept_drafts
from annotation.services import work

IDEMPOTENCY_KEY = OpenApiParameter("Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER)


class ClaimView(APIView):
    """The next item for this person; 204 when nothing is left for them."""

    @extend_schema(request=schema.ClaimIn, responses=schema.answers({200: schema.ClaimOut, 204: None}))
    def post(self, request: Request, project: UUID) -> Response:
        ahead = parsed(schema.ClaimIn, request)["ahead"] if request.data else False
        claimed = work.claim(user=person(request), project=project, ahead=ahead)
        return Response(status=204) if claimed is None else Response(claim_payload(claimed))


class DraftsView(APIView):
    """What this person wrote and did not submit: in work, skipped, given back, or the lease ran out."""

    @extend_schema(responses=schema.answers({200: schema.KeptDraftOut(many=True)}))
    def get(self, request: Request, project: UUID) -> Response:
        rows = kept_drafts(person(request), access(person(request), project).project)
        return paged(request, self, rows, lambda page: schema.KeptDraftOut(page, many=True).data)


class DraftView(APIView):
    @extend_schema(request=OpenApiTypes.ANY, responses=schema.answers({200: schema.DraftSaved}, 409, 413))
    def put(self, request: Request, assignment: UUID) -> Response:
        live = work.save_draft(user=person(request), assignment=assignment, draft=request.data)
        return Response({"live": live})


class HeartbeatView(APIView):
    """Renews the lease while the page is open; 409 when it went to somebody else."""

    @extend_schema(request=None, responses=schema.answers({200: schema.BeatOut}, 409))
    def post(self, request: Request, assignment: UUID) -> Response:
        return Response({"expires_at": work.heartbeat(user=person(request), assignment=assignment)})


class SubmitView(APIView):
    """Repeated with the same body: 200 and the same answer. 409: another body, or the slot was given away."""

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY],
        request=schema.AnswerIn,
        responses=schema.answers({200: schema.SubmittedOut, 201: schema.SubmittedOut}, 409),
    )
    def post(self, request: Request, assignment: UUID) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        done = work.submit(user=person(request), assignment=assignment, body=request.data, key=key)
        return Response(_submitted(done, assignment), status=201 if done.created else 200)


def _submitted(done: work.Submitted, assignment: UUID) -> dict[str, Any]:
    made = {"id": done.response.uuid, "assignment": assignment, "created_at": done.response.created_at}
    return made if done.result is None else {**made, "feedback": feedback(done)}


def feedback(done: work.Submitted) -> dict[str, Any]:
    """Of a training item."""
    assert done.result is not None
    found, text = done.result, feedback_text(done.item.feedback)
    return {"passed": found.passed, "score": found.score, "missed": found.missed, "text": text}


class SkipView(APIView):
    """Not for me: the item goes to others and does not come back."""

    @extend_schema(request=schema.SkipIn, responses=schema.answers({204: None}, 409))
    def post(self, request: Request, assignment: UUID) -> Response:
        reason = parsed(schema.SkipIn, request)["reason"] if request.data else ""
        work.skip(user=person(request), assignment=assignment, reason=reason)
        return Response(status=204)


class ReleaseView(APIView):
    """Give the item back; it may come again."""

    @extend_schema(request=None, responses=schema.answers({204: None}, 409))
    def post(self, request: Request, assignment: UUID) -> Response:
        work.release(user=person(request), assignment=assignment)
        return Response(status=204)
