from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from training.api.fields import FiniteFloat, Method, Options
from training.findings import findings
from training.models import Attempt, LanguageModel, Metric, Preflight, Run, RunDataset

LARGEST_SEED = 2**31 - 1
LARGEST_KEY = 2**63 - 1


class NamedModel(serializers.Serializer[LanguageModel]):
    id = serializers.UUIDField(source="uuid")
    name = serializers.CharField()


class ModelSerializer(serializers.ModelSerializer[LanguageModel]):
    id = serializers.UUIDField(source="uuid", read_only=True)
    base = NamedModel(read_only=True, allow_null=True)
    run = serializers.UUIDField(source="run.uuid", read_only=True, allow_null=True, default=None)
    scripted = serializers.BooleanField(source="registered_by.scripted", read_only=True)

    class Meta:
        model = LanguageModel
        fields = [
            "id", "name", "kind", "path", "hub_id", "gguf_file", "template", "trust_remote_code", "family",
            "parameters", "licence", "files", "sha256", "adapter_sha256", "problem", "base", "run", "scripted",
            "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class NewModel(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    path = serializers.CharField(required=False, allow_blank=True, max_length=1000)
    hub_id = serializers.CharField(required=False, allow_blank=True, max_length=200)
    gguf_file = serializers.CharField(required=False, allow_blank=True, max_length=200)
    template = serializers.CharField(required=False, allow_blank=True, max_length=40)
    licence = serializers.CharField(required=False, allow_blank=True, max_length=120)
    trust_remote_code = serializers.BooleanField(required=False)


class DatasetChoice(serializers.Serializer[Any]):
    version = serializers.UUIDField()
    weight = FiniteFloat(default=1.0, min_value=0.0, max_value=1e6)


class NewPreflight(serializers.Serializer[Any]):
    base_model = serializers.UUIDField()
    datasets = DatasetChoice(many=True, max_length=50)  # type: ignore[call-arg]  # taken by the list serializer
    method = Method()
    config = Options(required=False)
    seed = serializers.IntegerField(default=0, min_value=0, max_value=LARGEST_SEED)


class NewRun(NewPreflight):
    name = serializers.CharField(required=False, allow_blank=True, max_length=120)


class RunDatasetSerializer(serializers.ModelSerializer[RunDataset]):
    version = serializers.UUIDField(source="version.uuid")
    name = serializers.CharField(source="version.name")
    project = serializers.CharField(source="version.project.name")

    class Meta:
        model = RunDataset
        fields = ["version", "name", "project", "weight", "sha256"]


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    host = serializers.CharField(source="device.host")
    device = serializers.CharField(source="device.name")

    class Meta:
        model = Attempt
        fields = ["number", "status", "host", "device", "started_at", "ended_at", "exit_code", "note"]


class RunSerializer(serializers.ModelSerializer[Run]):
    id = serializers.UUIDField(source="uuid")
    base_model = NamedModel()
    datasets = RunDatasetSerializer(many=True)
    method = serializers.DictField()
    config = serializers.DictField()
    progress = serializers.DictField()
    result = serializers.DictField()
    error = serializers.DictField()
    created_by = serializers.CharField(source="created_by.username")
    scripted = serializers.BooleanField(source="created_by.scripted")
    model = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = [
            "id", "name", "status", "base_model", "datasets", "method", "config", "seed", "code_version", "progress",
            "result", "error", "model", "created_by", "scripted", "created_at", "started_at", "ended_at",
        ]  # fmt: skip

    @extend_schema_field(NamedModel(allow_null=True))
    def get_model(self, run: Run) -> dict[str, Any] | None:
        """The tuned model, once the run is finished."""
        tuned = getattr(run, "tuned", None)
        return dict(NamedModel(tuned).data) if tuned is not None else None


class FindingSerializer(serializers.Serializer[Any]):
    """What the curves say, with the numbers it rests on."""

    kind = serializers.ChoiceField(choices=["overfitting", "underfitting", "diverging", "rate_too_high", "forgetting"])
    title = serializers.CharField()
    evidence = serializers.CharField()


class RunDetailSerializer(RunSerializer):
    attempts = AttemptSerializer(many=True)
    findings = serializers.SerializerMethodField()

    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "attempts", "findings"]

    @extend_schema_field(FindingSerializer(many=True))
    def get_findings(self, run: Run) -> list[dict[str, Any]]:
        return list(FindingSerializer(findings(run), many=True).data)


class PreflightSerializer(serializers.ModelSerializer[Preflight]):
    id = serializers.UUIDField(source="uuid")
    request = serializers.DictField()
    result = serializers.DictField()
    error = serializers.DictField()

    class Meta:
        model = Preflight
        fields = ["id", "status", "request", "result", "error", "created_at"]


class MetricsQuery(serializers.Serializer[Any]):
    after = serializers.IntegerField(default=0, min_value=0, max_value=LARGEST_KEY)
    limit = serializers.IntegerField(default=2000, min_value=1, max_value=10_000)


class MetricSerializer(serializers.ModelSerializer[Metric]):
    attempt = serializers.IntegerField(source="attempt.number")
    values = serializers.DictField(child=serializers.FloatField())

    class Meta:
        model = Metric
        fields = ["attempt", "kind", "step", "at", "values"]


@extend_schema_field(OpenApiTypes.OBJECT)
class Progress(serializers.DictField):
    pass


class MetricsPage(serializers.Serializer[Any]):
    """`after` is what to ask for next; `more` says that it would not be empty."""

    results = MetricSerializer(many=True)
    after = serializers.IntegerField()
    more = serializers.BooleanField()
    status = serializers.ChoiceField(choices=Run.Status.choices)
    progress = Progress()


class LogSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
