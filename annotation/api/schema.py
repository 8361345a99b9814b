"""How the endpoints are described in the OpenAPI schema."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotation.checks import KINDS
from annotation.dimensions import FLAGS
from annotation.models import (
    Assignment,
    Comment,
    DatasetVersion,
    Guideline,
    ImportJob,
    Item,
    Membership,
    Project,
    Response,
    Review,
)
from annotation.selectors.adjudication import open_responses
from annotation.services.projects import SETTINGS
from sftlab.api import ErrorSerializer

PROJECT_SETTINGS = tuple(name for name in SETTINGS)


def answers(success: dict[int, Any], *refusals: int) -> dict[int, Any]:
    """What an endpoint that needs a login and looks something up may answer."""
    return {**success, **dict.fromkeys((400, 401, 403, 404, 429, *refusals), ErrorSerializer)}


class Strict(serializers.Serializer[Any]):
    """Refuses fields it does not know: a misspelt setting is not silently lost."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError({name: ["is not known"] for name in unknown})
        return super().to_internal_value(data)


class ProjectOut(serializers.ModelSerializer[Project]):
    id = serializers.UUIDField(source="uuid")

    class Meta:
        model = Project
        fields = ("id", *PROJECT_SETTINGS, "guideline", "created_at")


class ProjectIn(serializers.ModelSerializer[Project]):
    guidelines = serializers.CharField(required=False, allow_blank=True, max_length=200_000)
    dimensions = serializers.ListField(child=serializers.CharField(max_length=40), required=False, min_length=1)
    seed = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)
    training_items = serializers.IntegerField(required=False, min_value=0, max_value=1000)

    class Meta:
        model = Project
        fields = (*PROJECT_SETTINGS, "guidelines")


class MemberOut(serializers.ModelSerializer[Membership]):
    id = serializers.UUIDField(source="uuid")
    username = serializers.CharField(source="user.username")
    scripted = serializers.BooleanField(source="user.scripted")

    class Meta:
        model = Membership
        fields = ("id", "username", "scripted", "role", "skills", "submitted", "paused_at", "pause_reason",
                  "qualified_at", "tries")  # fmt: skip


class MemberIn(Strict):
    username = serializers.CharField(max_length=150)
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    skills = serializers.ListField(child=serializers.CharField(max_length=40), required=False, max_length=50)


class PauseIn(Strict):
    reason = serializers.CharField(max_length=2000)


class GuidelineOut(serializers.ModelSerializer[Guideline]):
    author = serializers.CharField(source="created_by.username")

    class Meta:
        model = Guideline
        fields = ("number", "text", "author", "created_at")


class GuidelineIn(Strict):
    text = serializers.CharField(max_length=200_000, trim_whitespace=False)


class RowFaultOut(serializers.Serializer[Any]):
    row = serializers.IntegerField()
    field = serializers.CharField()
    reason = serializers.CharField()


class RowWarningOut(RowFaultOut):
    kind = serializers.ChoiceField(choices=list(KINDS))


class ImportedOut(serializers.Serializer[Any]):
    """Rows with errors were left out; rows with warnings were taken, and `warned` counts them."""

    created = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    warned = serializers.IntegerField()
    errors = RowFaultOut(many=True)  # type: ignore[assignment]  # the contract's name for it
    warnings = RowWarningOut(many=True)


class JobRef(serializers.Serializer[Any]):
    job = serializers.UUIDField()


class JobOut(serializers.ModelSerializer[ImportJob]):
    id = serializers.UUIDField(source="uuid")
    errors = RowFaultOut(many=True)  # type: ignore[assignment]  # the contract's name for it
    warnings = RowWarningOut(many=True)

    class Meta:
        model = ImportJob
        fields = ("id", "name", "state", "step", "done", "total", "created", "duplicates", "warned", "errors",
                  "warnings", "created_at")  # fmt: skip


class FileIn(serializers.Serializer[Any]):
    file = serializers.FileField()


class MessageOut(serializers.Serializer[Any]):
    role = serializers.CharField()
    content = serializers.CharField()


class ItemOut(serializers.ModelSerializer[Item]):
    id = serializers.UUIDField(source="uuid")
    messages = MessageOut(many=True)

    class Meta:
        model = Item
        fields = ("id", "source_id", "messages", "input", "output", "metadata", "lane", "skill", "priority",
                  "warnings", "excluded_at", "created_at")  # fmt: skip


class WorkItem(serializers.Serializer[Any]):
    """What a worker sees of an item: the same for every kind of item."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Project.Kind.choices)
    messages = MessageOut(many=True)
    instruction = serializers.CharField()
    input = serializers.CharField()
    output = serializers.CharField()
    language = serializers.CharField()
    guideline = serializers.IntegerField()
    dimensions = serializers.ListField(child=serializers.CharField())


class ClaimIn(Strict):
    ahead = serializers.BooleanField(required=False, default=False)


class ClaimOut(serializers.Serializer[Any]):
    assignment = serializers.UUIDField()
    item = WorkItem()
    draft = serializers.JSONField(allow_null=True)
    expires_at = serializers.DateTimeField()
    today = serializers.IntegerField()


class AnswerIn(serializers.Serializer[Any]):
    output = serializers.CharField(required=False)
    messages = MessageOut(many=True, required=False)
    ratings = serializers.DictField(
        child=serializers.IntegerField(min_value=1, max_value=5), required=False  # type: ignore[arg-type]
    )  # fmt: skip
    flags = serializers.ListField(child=serializers.ChoiceField(choices=sorted(FLAGS)), required=False)
    lead_time = serializers.FloatField(required=False, min_value=0)
    guideline = serializers.IntegerField(required=False, min_value=0)


class FeedbackOut(serializers.Serializer[Any]):
    passed = serializers.BooleanField()
    score = serializers.FloatField()
    missed = serializers.ListField(child=serializers.CharField())
    text = serializers.CharField()


class SubmittedOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    assignment = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    feedback = FeedbackOut(required=False)


class KeptDraftOut(serializers.ModelSerializer[Assignment]):
    assignment = serializers.UUIDField(source="uuid")
    item = serializers.UUIDField(source="item.uuid")
    draft = serializers.JSONField(allow_null=True)

    class Meta:
        model = Assignment
        fields = ("assignment", "item", "state", "reason", "draft", "created_at")


class DraftSaved(serializers.Serializer[Any]):
    live = serializers.BooleanField()


class BeatOut(serializers.Serializer[Any]):
    expires_at = serializers.DateTimeField()


class SkipIn(Strict):
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")


class ReviewIn(Strict):
    verdict = serializers.ChoiceField(choices=Review.Verdict.choices)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=10_000, default="")
    output = serializers.CharField(required=False, allow_blank=True, default="", trim_whitespace=False)


class ReviewOut(serializers.ModelSerializer[Review]):
    id = serializers.UUIDField(source="uuid")
    reviewer = serializers.CharField(source="reviewer.username")

    class Meta:
        model = Review
        fields = ("id", "verdict", "comment", "reviewer", "created_at")


class ResponseOut(serializers.ModelSerializer[Response]):
    id = serializers.UUIDField(source="uuid")
    item = serializers.UUIDField(source="item.uuid")
    author = serializers.CharField(source="author.username")
    scripted = serializers.BooleanField(source="author.scripted")
    messages = MessageOut(many=True, allow_null=True)

    class Meta:
        model = Response
        fields = ("id", "item", "author", "scripted", "state", "output", "messages", "ratings", "flags", "lead_time",
                  "guideline", "created_at")  # fmt: skip


class CandidateOut(serializers.ModelSerializer[Response]):
    id = serializers.UUIDField(source="uuid")

    class Meta:
        model = Response
        fields = ("id", "output", "messages", "ratings", "flags")


class AdjudicationOut(serializers.Serializer[Any]):
    item = ItemOut(source="*")
    responses = serializers.SerializerMethodField()

    @extend_schema_field(CandidateOut(many=True))
    def get_responses(self, item: Item) -> Any:
        return CandidateOut(open_responses(item), many=True).data


class ChoiceIn(Strict):
    choice = serializers.UUIDField()
    comment = serializers.CharField(required=False, allow_blank=True, max_length=10_000, default="")


class CommentIn(Strict):
    text = serializers.CharField(max_length=10_000)


class CommentOut(serializers.ModelSerializer[Comment]):
    id = serializers.UUIDField(source="uuid")
    author = serializers.CharField(source="author.username")

    class Meta:
        model = Comment
        fields = ("id", "author", "text", "created_at")


class VersionIn(Strict):
    name = serializers.CharField(max_length=120)
    splits = serializers.DictField(child=serializers.FloatField(min_value=0, max_value=1), required=False)
    seed = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1, default=0)
    note = serializers.CharField(required=False, allow_blank=True, max_length=10_000, default="")


class VersionOut(serializers.ModelSerializer[DatasetVersion]):
    id = serializers.UUIDField(source="uuid")
    project = serializers.UUIDField(source="project.uuid")
    author = serializers.CharField(source="created_by.username")

    class Meta:
        model = DatasetVersion
        fields = ("id", "project", "name", "number", "sha256", "rows", "splits", "languages", "seed", "note",
                  "author", "created_at")  # fmt: skip


class DiffOut(serializers.Serializer[Any]):
    added = serializers.ListField(child=serializers.UUIDField())
    removed = serializers.ListField(child=serializers.UUIDField())
    changed = serializers.ListField(child=serializers.UUIDField())
