from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.access import ANYONE, MANAGERS, access
from annotation.api import schema
from annotation.api.base import paged, parsed, person
from annotation.exports import FORMATS
from annotation.models import DatasetVersion
from annotation.selectors.datasets import diff, version_for, version_rows
from annotation.services import datasets
from sftlab.errors import BadInput

AGAINST = OpenApiParameter("against", OpenApiTypes.UUID, required=True)
FORMAT = OpenApiParameter("format", OpenApiTypes.STR, enum=sorted(FORMATS), required=True)
BODIES: dict[Any, Any] = {(200, kind): OpenApiTypes.BINARY for _write, _suffix, kind in FORMATS.values()}
SPLIT = OpenApiParameter("split", OpenApiTypes.STR)


class VersionsView(APIView):
    @extend_schema(responses=schema.answers({200: schema.VersionOut(many=True)}))
    def get(self, request: Request, project: UUID) -> Response:
        found = access(person(request), project, ANYONE).project
        rows = DatasetVersion.objects.filter(project=found).select_related("project", "created_by").order_by("-number")
        return paged(request, self, rows, lambda page: schema.VersionOut(page, many=True).data)

    @extend_schema(request=schema.VersionIn, responses=schema.answers({201: schema.VersionOut}, 409))
    def post(self, request: Request, project: UUID) -> Response:
        found = access(person(request), project, MANAGERS).project
        made = datasets.create_version(actor=person(request), project=found, **parsed(schema.VersionIn, request))
        return Response(schema.VersionOut(made).data, status=201)


class VersionView(APIView):
    @extend_schema(responses=schema.answers({200: schema.VersionOut}))
    def get(self, request: Request, version: UUID) -> Response:
        return Response(schema.VersionOut(version_for(person(request), version)).data)


class DiffView(APIView):
    """Row ids that this version has more, no longer or otherwise than another one."""

    @extend_schema(parameters=[AGAINST], responses=schema.answers({200: schema.DiffOut}))
    def get(self, request: Request, version: UUID) -> Response:
        ours = version_for(person(request), version)
        theirs = version_for(person(request), _uuid(request.query_params.get("against", "")))
        return Response(diff(ours, theirs))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise _fault("against", _("must be the id of a version")) from error


class AnyFormat(DefaultContentNegotiation):
    """`?format=` names the export's format here, not DRF's renderer."""

    def filter_renderers(self, renderers, format):  # type: ignore[no-untyped-def]  # as DRF has it
        return renderers


class ExportView(APIView):
    content_negotiation_class = AnyFormat

    @extend_schema(
        parameters=[FORMAT, SPLIT],
        responses={**BODIES, **schema.answers({}, 409)},
    )
    def get(self, request: Request, version: UUID) -> HttpResponseBase:
        found = version_for(person(request), version)
        name = request.query_params.get("format", "")
        if name not in FORMATS:
            raise _fault("format", _("must be one of %(names)s") % {"names": ", ".join(FORMATS)})
        write, suffix, kind = FORMATS[name]
        split = request.query_params.get("split")
        if split is not None and split not in found.splits:
            raise _fault("split", _("must be one of %(names)s") % {"names": ", ".join(found.splits)})
        response = StreamingHttpResponse(write(version_rows(found, split)), content_type=kind)
        response["Content-Disposition"] = f'attachment; filename="{found.sha256[:12]}-{name}.{suffix}"'
        response["X-Dataset-SHA256"] = found.sha256
        return response


def _fault(field: str, reason: str) -> BadInput:
    return BadInput(_("The request has faults."), errors=[{"field": field, "reason": reason}])
