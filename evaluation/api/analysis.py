"""What an evaluation found, as rows: JSON, or CSV with `format=csv`."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluation.api.access import ADMIN, REFUSALS
from evaluation.api.reading import OwnFormat, csv_response
from evaluation.models import Evaluation
from evaluation.parts import DIMENSIONS
from evaluation.selectors import analysis
from evaluation.selectors.evaluations import get_evaluation


class RowsAsked(serializers.Serializer[Any]):
    metric = serializers.CharField(required=False, default="", allow_blank=True)
    language = serializers.CharField(required=False, default="", allow_blank=True)
    by = serializers.ChoiceField(
        choices=[analysis.WHOLE, *DIMENSIONS],
        required=False,
        default="",
        help_text="Only the whole set (`all`), or only its parts by this; without it, everything.",
    )
    format = serializers.ChoiceField(choices=["json", "csv"], required=False, default="json")


class CorrelationsAsked(serializers.Serializer[Any]):
    metric = serializers.CharField(required=False, default="", allow_blank=True)
    language = serializers.CharField(required=False, default="", allow_blank=True)
    format = serializers.ChoiceField(choices=["json", "csv"], required=False, default="json")


class ScoreRow(serializers.Serializer[Any]):
    """A model's value on all items of a language, or on a part of them."""

    metric = serializers.CharField()
    language = serializers.CharField()
    by = serializers.ChoiceField(choices=[analysis.WHOLE, *DIMENSIONS])
    label = serializers.CharField(help_text="The part: a category, a difficulty, or lengths such as `12–40`.")  # type: ignore[assignment]  # a column's name, which DRF uses for its own
    model_id = serializers.UUIDField()
    model = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    better = serializers.ChoiceField(choices=["higher", "lower", "neither"])
    level = serializers.FloatField()
    resamples = serializers.IntegerField()
    seed = serializers.IntegerField()
    signature = serializers.CharField()
    reason = serializers.CharField(help_text="Why there is no value.")


class ComparisonRow(serializers.Serializer[Any]):
    """Model `a` less model `b` over the items that both have a value for."""

    metric = serializers.CharField()
    language = serializers.CharField()
    by = serializers.ChoiceField(choices=[analysis.WHOLE, *DIMENSIONS])
    label = serializers.CharField()  # type: ignore[assignment]  # as above
    a_id = serializers.UUIDField()
    a = serializers.CharField()
    b_id = serializers.UUIDField()
    b = serializers.CharField()
    n = serializers.IntegerField()
    difference = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    p_bootstrap = serializers.FloatField()
    p_bootstrap_holm = serializers.FloatField(help_text="Corrected over the pairs of the same metric and part.")
    p_randomisation = serializers.FloatField()
    p_randomisation_holm = serializers.FloatField()
    resamples = serializers.IntegerField()
    seed = serializers.IntegerField()


class CorrelationRow(serializers.Serializer[Any]):
    """A metric against people's votes. A coefficient is null where `…_reason` says why."""

    study_id = serializers.UUIDField()
    study = serializers.CharField()
    metric = serializers.CharField()
    language = serializers.CharField()
    judged = serializers.CharField(help_text="`choice`, or a dimension of the scores.")
    level = serializers.ChoiceField(choices=["item", "system"])
    n = serializers.IntegerField(help_text="Answers, compared pairs, or models.")
    resamples = serializers.IntegerField()
    seed = serializers.IntegerField()

    def get_fields(self) -> dict[str, Any]:
        found = super().get_fields()
        for name in ("pearson", "spearman", "kendall"):
            for part in ("", "_low", "_high"):
                found[name + part] = serializers.FloatField(allow_null=True)
            found[f"{name}_reason"] = serializers.CharField(help_text="`too_few` or `no_variance`.")
        return found


class _Rows(APIView):
    permission_classes = ADMIN
    content_negotiation_class = OwnFormat
    asked: ClassVar[type[serializers.Serializer[Any]]] = RowsAsked
    file: ClassVar[str]
    columns: ClassVar[Sequence[str]]
    rows: ClassVar[Callable[[Evaluation, analysis.Asked], list[analysis.Row]]]

    def answer(self, request: Request, evaluation: UUID) -> HttpResponse:
        form = self.asked(data=request.query_params)
        form.is_valid(raise_exception=True)
        wanted = {name: value for name, value in form.validated_data.items() if name != "format"}
        rows = type(self).rows(get_evaluation(evaluation), analysis.Asked(**wanted))
        if form.validated_data["format"] == "json":
            return Response(rows)
        return csv_response(self.file, self.columns, rows)


def _answers(row: type[serializers.Serializer[Any]]) -> dict[Any, Any]:
    return {(200, "application/json"): row(many=True), (200, "text/csv"): OpenApiTypes.STR, **REFUSALS}


class ScoresView(_Rows):
    columns = analysis.SCORE_COLUMNS
    rows = analysis.score_rows
    file = "scores.csv"

    @extend_schema(operation_id="evaluation_scores", parameters=[RowsAsked], responses=_answers(ScoreRow))
    def get(self, request: Request, evaluation: UUID) -> HttpResponse:
        """Scores by language, category, difficulty and length."""
        return self.answer(request, evaluation)


class ComparisonsView(_Rows):
    columns = analysis.COMPARISON_COLUMNS
    rows = analysis.comparison_rows
    file = "comparisons.csv"

    @extend_schema(operation_id="evaluation_comparisons", parameters=[RowsAsked], responses=_answers(ComparisonRow))
    def get(self, request: Request, evaluation: UUID) -> HttpResponse:
        """Differences between models by language, category, difficulty and length."""
        return self.answer(request, evaluation)


class CorrelationsView(_Rows):
    asked = CorrelationsAsked
    columns = analysis.CORRELATION_COLUMNS
    rows = analysis.correlation_rows
    file = "correlations.csv"

    @extend_schema(
        operation_id="evaluation_correlations", parameters=[CorrelationsAsked], responses=_answers(CorrelationRow)
    )
    def get(self, request: Request, evaluation: UUID) -> HttpResponse:
        """How well each metric agrees with the votes of studies on the same outputs; empty where there is none."""
        return self.answer(request, evaluation)


urlpatterns = [
    path("evaluations/<uuid:evaluation>/scores/", ScoresView.as_view(), name="evaluation-scores"),
    path("evaluations/<uuid:evaluation>/comparisons/", ComparisonsView.as_view(), name="evaluation-comparisons"),
    path("evaluations/<uuid:evaluation>/correlations/", CorrelationsView.as_view(), name="evaluation-correlations"),
]
