from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluation.api.access import ADMIN, REFUSALS, admin_of
from evaluation.api.evalsets import EvalItemOut
from evaluation.api.parsers import JsonLinesParser, JsonlParser
from evaluation.api.reading import OwnFormat, csv_response
from evaluation.models import Evaluation, Output, Score, System
from evaluation.selectors.analysis import OUTPUT_COLUMNS, output_rows
from evaluation.selectors.evaluations import evaluations, explore, get_evaluation, ranked_items, scores_of
from evaluation.services.evaluations import cancel_evaluation, create_evaluation, resume_evaluation, score_again
from evaluation.services.outputs import upload_outputs
from evaluation.services.studies.members import saw_by_system
from sftlab.api import ErrorSerializer
from sftlab.errors import BadInput

MOST_ROWS = 20_000


class ModelRef(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="uuid")
    name = serializers.CharField()


class SystemOut(serializers.ModelSerializer[System]):
    id = serializers.UUIDField(source="uuid")
    model = ModelRef()

    class Meta:
        model = System
        fields = ("id", "model", "source", "status", "done", "tokens", "seconds", "tokens_per_s", "versions", "error")


class ScoreOut(serializers.ModelSerializer[Score]):
    id = serializers.UUIDField(source="uuid")
    model = ModelRef(source="system.model")

    class Meta:
        model = Score
        fields = (
            *("id", "model", "metric", "language", "category", "value", "low", "high", "n", "better"),
            *("signature", "flags", "reason", "details"),
        )


class EvaluationOut(serializers.ModelSerializer[Evaluation]):
    id = serializers.UUIDField(source="uuid")
    evalset = serializers.UUIDField(source="evalset.uuid")
    evalset_name = serializers.CharField(source="evalset.__str__")
    items = serializers.IntegerField(source="evalset.size")
    created_by = serializers.CharField(source="created_by.username")
    systems = SystemOut(many=True)

    class Meta:
        model = Evaluation
        fields = (
            *("id", "name", "evalset", "evalset_name", "items", "metrics", "decoding", "seed", "status", "progress"),
            *("error", "created_by", "created_at", "moved_at", "systems"),
        )


class EvaluationDetail(EvaluationOut):
    scores = serializers.SerializerMethodField()

    class Meta:
        model = Evaluation
        fields = (*EvaluationOut.Meta.fields, "scores")

    @extend_schema(responses=ScoreOut(many=True))
    def get_scores(self, evaluation: Evaluation) -> list[dict[str, Any]]:
        return list(ScoreOut(scores_of(evaluation), many=True).data)


class EvaluationIn(serializers.Serializer[Any]):
    evalset = serializers.UUIDField()
    models = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=50)
    metrics = serializers.ListField(child=serializers.CharField(max_length=60), max_length=40)
    decoding = serializers.DictField(required=False, default=dict)
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False, default=0)
    name = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    uploaded = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        default=list,
        help_text="Those of `models` whose outputs will be uploaded although their weights are here.",
    )


class ScoreIn(serializers.Serializer[Any]):
    metrics = serializers.ListField(child=serializers.CharField(max_length=60), max_length=40, required=False)


class OutputRow(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="The item's id.")
    text = serializers.CharField(allow_blank=True)
    model = serializers.UUIDField(required=False)
    finish = serializers.ChoiceField(choices=["stop", "length", "error"], required=False)
    tokens = serializers.IntegerField(required=False, min_value=0)


class RowErrorOut(serializers.Serializer[Any]):
    row = serializers.IntegerField()
    field = serializers.CharField()
    reason = serializers.CharField()


class UploadedOut(serializers.Serializer[Any]):
    created = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    errors = RowErrorOut(many=True)  # type: ignore[assignment]  # the contract's name, which DRF uses for its own
    complete = serializers.BooleanField()


class OutputOut(serializers.ModelSerializer[Output]):
    id = serializers.UUIDField(source="uuid")
    item = serializers.CharField(source="item.key")
    model = ModelRef(source="system.model")

    class Meta:
        model = Output
        fields = ("id", "item", "model", "text", "finish", "tokens")


class EvaluationsView(GenericAPIView[Evaluation]):
    permission_classes = ADMIN
    serializer_class = EvaluationOut

    @extend_schema(operation_id="evaluations_list", responses={200: EvaluationOut(many=True), **REFUSALS})
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(evaluations()) or []
        return self.get_paginated_response(EvaluationOut(page, many=True).data)

    @extend_schema(request=EvaluationIn, responses={201: EvaluationOut, **REFUSALS})
    def post(self, request: Request) -> Response:
        """Starts at once: a job per model generates, then one scores."""
        form = EvaluationIn(data=request.data)
        form.is_valid(raise_exception=True)
        made = create_evaluation(actor=admin_of(request), **form.validated_data)
        return Response(EvaluationOut(get_evaluation(made.uuid)).data, status=201)


class EvaluationView(APIView):
    permission_classes = ADMIN

    @extend_schema(responses={200: EvaluationDetail, **REFUSALS})
    def get(self, request: Request, evaluation: UUID) -> Response:
        return Response(EvaluationDetail(get_evaluation(evaluation)).data)


class CancelView(APIView):
    permission_classes = ADMIN

    @extend_schema(request=None, responses={200: EvaluationOut, 409: ErrorSerializer, **REFUSALS})
    def post(self, request: Request, evaluation: UUID) -> Response:
        cancel_evaluation(actor=admin_of(request), evaluation=get_evaluation(evaluation))
        return Response(EvaluationOut(get_evaluation(evaluation)).data)


class ResumeView(APIView):
    permission_classes = ADMIN

    @extend_schema(request=None, responses={200: EvaluationOut, 409: ErrorSerializer, **REFUSALS})
    def post(self, request: Request, evaluation: UUID) -> Response:
        resume_evaluation(actor=admin_of(request), evaluation=get_evaluation(evaluation))
        return Response(EvaluationOut(get_evaluation(evaluation)).data)


class ScoreView(APIView):
    permission_classes = ADMIN

    @extend_schema(
        request=ScoreIn,
        responses={202: EvaluationOut, 409: ErrorSerializer, **REFUSALS},
    )
    def post(self, request: Request, evaluation: UUID) -> Response:
        """Score the outputs that are there, anew or with other metrics."""
        form = ScoreIn(data=request.data)
        form.is_valid(raise_exception=True)
        score_again(actor=admin_of(request), evaluation=get_evaluation(evaluation), **form.validated_data)
        return Response(EvaluationOut(get_evaluation(evaluation)).data, status=202)


class OutputsAsked(serializers.Serializer[Any]):
    format = serializers.ChoiceField(
        choices=["json", "csv"],
        required=False,
        default="json",
        help_text="`csv` is everything at once, with each metric's value of each output.",
    )


class OutputsView(GenericAPIView[Output]):
    permission_classes = ADMIN
    serializer_class = OutputOut
    parser_classes = (JSONParser, JsonLinesParser, JsonlParser)
    content_negotiation_class = OwnFormat

    @extend_schema(
        operation_id="evaluation_outputs_list",
        parameters=[OutputsAsked],
        responses={(200, "application/json"): OutputOut(many=True), (200, "text/csv"): OpenApiTypes.STR, **REFUSALS},
    )
    def get(self, request: Request, evaluation: UUID) -> HttpResponse:
        form = OutputsAsked(data=request.query_params)
        form.is_valid(raise_exception=True)
        shown = _unblinding(request, evaluation)
        if form.validated_data["format"] == "csv":
            return csv_response("outputs.csv", (*OUTPUT_COLUMNS, *shown.metrics), output_rows(shown))
        found = Output.objects.filter(system__evaluation=shown)
        page = self.paginate_queryset(found.select_related("item", "system__model").order_by("pk")) or []
        return self.get_paginated_response(OutputOut(page, many=True).data)

    @extend_schema(
        request={"application/json": OutputRow(many=True), "application/x-ndjson": OpenApiTypes.STR},
        parameters=[OpenApiParameter("model", OpenApiTypes.UUID, description="For rows that name no model.")],
        responses={200: UploadedOut, 409: ErrorSerializer, **REFUSALS},
    )
    def post(self, request: Request, evaluation: UUID) -> Response:
        """Outputs of a model that ran elsewhere. Sending the same rows again changes nothing."""
        rows = request.data
        if not isinstance(rows, list) or len(rows) > MOST_ROWS:
            raise BadInput(f"Send a list of at most {MOST_ROWS} rows.")
        model = serializers.UUIDField(allow_null=True).run_validation(request.query_params.get("model"))
        done = upload_outputs(actor=admin_of(request), evaluation=get_evaluation(evaluation), rows=rows, model=model)
        return Response(UploadedOut(done).data)


class ItemModel(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class ItemOutput(serializers.Serializer[Any]):
    model = ItemModel()
    text = serializers.CharField()
    finish = serializers.CharField()
    tokens = serializers.IntegerField(allow_null=True)
    value = serializers.FloatField(allow_null=True, help_text="Of the metric that was asked for.")
    output = serializers.UUIDField()


class ItemRow(serializers.Serializer[Any]):
    item = EvalItemOut()
    outputs = ItemOutput(many=True)
    spread = serializers.FloatField(help_text="Between the highest and the lowest value.")


class ItemsAsked(serializers.Serializer[Any]):
    metric = serializers.CharField(required=False, default="", allow_blank=True)
    language = serializers.CharField(required=False, default="", allow_blank=True)
    category = serializers.CharField(required=False, default="", allow_blank=True)


class ItemsView(GenericAPIView[Evaluation]):
    """Items with all outputs side by side."""

    permission_classes = ADMIN
    serializer_class = ItemRow
    queryset = Evaluation.objects.none()

    @extend_schema(
        operation_id="evaluation_items_list", parameters=[ItemsAsked], responses={200: ItemRow(many=True), **REFUSALS}
    )
    def get(self, request: Request, evaluation: UUID) -> Response:
        """The largest disagreement first where a metric is named, else in the set's order."""
        form = ItemsAsked(data=request.query_params)
        form.is_valid(raise_exception=True)
        shown = _unblinding(request, evaluation)
        page = self.paginate_queryset(ranked_items(shown, **form.validated_data)) or []  # type: ignore[type-var]  # keys
        rows = explore(shown, page, metric=form.validated_data["metric"])  # type: ignore[arg-type]  # keys
        return self.get_paginated_response(ItemRow(rows, many=True).data)


def _unblinding(request: Request, uuid: UUID) -> Evaluation:
    """Whoever reads outputs under their models' names rates them no more."""
    evaluation = get_evaluation(uuid)
    models = [system.model for system in evaluation.systems.all()]
    saw_by_system(user=admin_of(request), evalset=evaluation.evalset, models=models)
    return evaluation


urlpatterns = [
    path("evaluations/", EvaluationsView.as_view(), name="evaluations"),
    path("evaluations/<uuid:evaluation>/", EvaluationView.as_view(), name="evaluation"),
    path("evaluations/<uuid:evaluation>/cancel/", CancelView.as_view(), name="evaluation-cancel"),
    path("evaluations/<uuid:evaluation>/resume/", ResumeView.as_view(), name="evaluation-resume"),
    path("evaluations/<uuid:evaluation>/score/", ScoreView.as_view(), name="evaluation-score"),
    path("evaluations/<uuid:evaluation>/outputs/", OutputsView.as_view(), name="evaluation-outputs"),
    path("evaluations/<uuid:evaluation>/items/", ItemsView.as_view(), name="evaluation-items"),
]
