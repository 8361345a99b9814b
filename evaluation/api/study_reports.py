"""What leaves a study, and what is done to its raters. Raters read the report once the study is closed."""

import json
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from evaluation.api.ratings import REFUSED, Unstored
from evaluation.api.reading import OwnFormat
from evaluation.api.studies import StudyMemberOut, managed, readable
from evaluation.selectors import studies as selectors
from evaluation.selectors.study_exports import compared_units, vote_rows
from evaluation.services.studies.checks import add_checks
from evaluation.services.studies.members import STANDINGS, exclude_rater, saw_study, set_standing
from evaluation.study_exports import preferences, table_csv, votes_csv
from evaluation.study_tables import TABLES
from evaluation.ui.study_report import report_html
from sftlab.access import person
from sftlab.api import ErrorSerializer
from sftlab.errors import BadInput, Missing


class CheckIn(serializers.Serializer[Any]):
    item = serializers.CharField(help_text="The item's id in the evaluation set.")
    good = serializers.CharField(max_length=50_000)
    bad = serializers.CharField(max_length=50_000)
    why = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)
    qualifying = serializers.BooleanField(required=False, default=False)


class StandingIn(serializers.Serializer[Any]):
    move = serializers.ChoiceField(choices=[*STANDINGS, "exclude"])
    reason = serializers.CharField(max_length=2000)


class ReportView(Unstored):
    content_negotiation_class = OwnFormat

    @extend_schema(
        parameters=[OpenApiParameter("format", enum=["json", "html", "csv"])],
        responses={(200, "application/json"): dict, (200, "text/html"): OpenApiTypes.STR, **REFUSED},
    )
    def get(self, request: Request, study: UUID) -> HttpResponse:
        """Frozen when the study was closed. CSV: every ordinary vote, as `manage.py rank` reads it."""
        found = readable(request, study)
        result = found.results.filter(final=True).first()
        if result is None:
            raise Missing("The report is made when the study is closed.")
        saw_study(user=person(request), study=found)
        kind = request.query_params.get("format", "json")
        if kind == "json":
            return Response({"sha256": result.sha256, **result.data})
        if kind == "csv":
            return _file(votes_csv(vote_rows(found)), "text/csv", "votes.csv")
        if kind == "html":
            return _file(report_html(found, result), "text/html", "report.html")
        raise BadInput("format is one of json, html, csv", errors=[{"field": "format", "reason": "unknown"}])


class TableView(Unstored):
    @extend_schema(
        parameters=[OpenApiParameter("table", enum=list(TABLES), location="path")],
        responses={(200, "text/csv"): OpenApiTypes.STR, **REFUSED},
    )
    def get(self, request: Request, study: UUID, table: str) -> HttpResponse:
        """What the study's page draws or tabulates, as CSV, from the newest stored result."""
        found = readable(request, study)
        result = selectors.newest_result(found)
        if table not in TABLES or result is None:
            raise Missing("There is no such table, or no result yet.")
        saw_study(user=person(request), study=found)
        whole = result.data["slices"][selectors.slice_key(None, None)]
        rows = TABLES[table].rows(whole, result.data["raters"])
        return _file(table_csv(TABLES[table].columns, rows), "text/csv", f"{table}.csv")


class PreferencesView(Unstored):
    @extend_schema(responses={(200, "application/x-ndjson"): OpenApiTypes.STR, **REFUSED})
    def get(self, request: Request, study: UUID) -> HttpResponse:
        """One JSON line for each comparison that its raters decided: prompt, chosen, rejected, agreement."""
        found = managed(request, study)
        saw_study(user=person(request), study=found)
        lines = (json.dumps(pair, ensure_ascii=False) + "\n" for pair in preferences(compared_units(found)))
        return _file("".join(lines), "application/x-ndjson", "preferences.jsonl")


class ChecksView(Unstored):
    @extend_schema(request=CheckIn(many=True), responses={201: dict, 400: ErrorSerializer, **REFUSED})
    def post(self, request: Request, study: UUID) -> Response:
        """Questions with known answers, for hidden checks or to be passed before the study."""
        found = managed(request, study)
        form = CheckIn(data=request.data, many=True)
        form.is_valid(raise_exception=True)
        added = add_checks(actor=person(request), study=found, rows=form.validated_data)
        return Response({"added": added}, status=201)


class StandingView(Unstored):
    @extend_schema(
        operation_id="studies_members_standing",
        request=StandingIn,
        responses={200: StudyMemberOut, 400: ErrorSerializer, **REFUSED},
    )
    def post(self, request: Request, study: UUID, member: UUID) -> Response:
        """Pause, resume, admit or exclude a rater, with a reason that stays."""
        found = managed(request, study)
        form = StandingIn(data=request.data)
        form.is_valid(raise_exception=True)
        rater = selectors.get_member(found, member)
        move, reason = form.validated_data["move"], form.validated_data["reason"]
        if move == "exclude":
            exclude_rater(actor=person(request), study=found, member=rater, reason=reason)
        else:
            set_standing(actor=person(request), study=found, member=rater, move=move, reason=reason)
        return Response(StudyMemberOut(selectors.get_member(found, member)).data)


def _file(text: str, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


urlpatterns = [
    path("studies/<uuid:study>/report/", ReportView.as_view(), name="study-report"),
    path("studies/<uuid:study>/tables/<slug:table>/", TableView.as_view(), name="study-table"),
    path("studies/<uuid:study>/preferences/", PreferencesView.as_view(), name="study-preferences"),
    path("studies/<uuid:study>/checks/", ChecksView.as_view(), name="study-checks"),
    path("studies/<uuid:study>/members/<uuid:member>/", StandingView.as_view(), name="study-member"),
]
