from uuid import UUID

from django.db import transaction
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.access import JUDGES, MANAGERS, access
from annotation.api import schema
from annotation.api.base import paged, parsed, person
from annotation.models import Project
from annotation.selectors.items import comments_on, item_for, items_of, job_for
from annotation.services import files, importing, review
from annotation.tasks import import_file

WARNED = OpenApiParameter("warned", OpenApiTypes.BOOL, description="Only items that their import warned of.")


class ItemsView(APIView):
    @extend_schema(parameters=[WARNED], responses=schema.answers({200: schema.ItemOut(many=True)}))
    def get(self, request: Request, project: UUID) -> Response:
        found = access(person(request), project, MANAGERS).project
        items = items_of(found, warned=request.query_params.get("warned") in ("1", "true"))
        return paged(request, self, items, lambda page: schema.ItemOut(page, many=True).data)

    @extend_schema(
        request=serializers.ListSerializer(child=serializers.DictField()),
        responses=schema.answers({201: schema.ImportedOut}, 413),
    )
    def post(self, request: Request, project: UUID) -> Response:
        """Rows in any accepted shape, at most 10,000: full records, Alpaca, ShareGPT, messages."""
        found: Project = access(person(request), project, MANAGERS).project
        result = importing.import_rows(actor=person(request), project=found, raw=request.data)
        return Response(schema.ImportedOut(result).data, status=201)


class ItemView(APIView):
    @extend_schema(responses=schema.answers({200: schema.ItemOut}))
    def get(self, request: Request, item: UUID) -> Response:
        return Response(schema.ItemOut(item_for(user=person(request), uuid=item, allowed=JUDGES)).data)


class ItemCommentsView(APIView):
    @extend_schema(responses=schema.answers({200: schema.CommentOut(many=True)}))
    def get(self, request: Request, item: UUID) -> Response:
        found = item_for(user=person(request), uuid=item)
        return paged(request, self, comments_on(found), lambda page: schema.CommentOut(page, many=True).data)

    @extend_schema(request=schema.CommentIn, responses=schema.answers({201: schema.CommentOut}))
    def post(self, request: Request, item: UUID) -> Response:
        found = item_for(user=person(request), uuid=item)
        made = review.comment_on(user=person(request), item=found, **parsed(schema.CommentIn, request))
        return Response(schema.CommentOut(made).data, status=201)


class AdjudicateView(APIView):
    """Keep one of several responses to an item."""

    @extend_schema(request=schema.ChoiceIn, responses=schema.answers({200: schema.ResponseOut}, 409))
    def post(self, request: Request, item: UUID) -> Response:
        found = item_for(user=person(request), uuid=item, allowed=JUDGES)
        chosen = review.adjudicate(user=person(request), item=found, **parsed(schema.ChoiceIn, request))
        return Response(schema.ResponseOut(chosen).data)


class ImportView(APIView):
    """A .jsonl or .json file, checked and written by a job: all of it or nothing."""

    parser_classes = (MultiPartParser,)

    @extend_schema(request=schema.FileIn, responses=schema.answers({202: schema.JobRef}, 413))
    def post(self, request: Request, project: UUID) -> Response:
        found = access(person(request), project, MANAGERS).project
        file = parsed(schema.FileIn, request)["file"]
        with transaction.atomic():
            job = files.start_import(actor=person(request), project=found, name=file.name, content=file)
            import_file.defer(job=str(job.uuid))
        return Response({"job": job.uuid}, status=202)


class JobView(APIView):
    @extend_schema(responses=schema.answers({200: schema.JobOut}))
    def get(self, request: Request, job: UUID) -> Response:
        return Response(schema.JobOut(job_for(user=person(request), uuid=job)).data)
