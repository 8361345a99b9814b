"""What a leaderboard answers, field by field, for whoever has only the schema."""

from typing import Any

from rest_framework import serializers


class BoardIntervalOut(serializers.Serializer[Any]):
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class CellOut(BoardIntervalOut):
    n = serializers.IntegerField()
    signature = serializers.CharField(help_text="What made the value: metric, version and options.")
    flags = serializers.DictField(child=serializers.IntegerField())
    reason = serializers.CharField(help_text="Why there is no value.")
    score = serializers.UUIDField(help_text="For `lineage/score/{id}/`.")


class BoardMeanOut(serializers.Serializer[Any]):
    mean = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()


class RowModel(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class CostOut(serializers.Serializer[Any]):
    parameters = serializers.IntegerField(allow_null=True)
    tokens = serializers.IntegerField(help_text="Written for the whole evaluation set.")
    seconds = serializers.FloatField(allow_null=True)
    tokens_per_s = serializers.FloatField(allow_null=True)


class RowOut(serializers.Serializer[Any]):
    """`columns=` leaves out of rank, strength, votes, likert, cost and metrics what it does not name."""

    model = RowModel()
    position = serializers.IntegerField(help_text="From 1; equals share a position.")
    rank = serializers.ListField(
        child=serializers.IntegerField(), allow_null=True, required=False, help_text="[best, worst] by votes."
    )
    strength = BoardIntervalOut(allow_null=True, required=False)
    likert = serializers.DictField(child=BoardMeanOut(), required=False, help_text="By dimension.")
    votes = serializers.IntegerField(required=False)
    cost = CostOut(required=False)
    metrics = serializers.DictField(child=CellOut(), help_text="By `columns[].key`.")
    base = serializers.CharField(allow_null=True, help_text="The model that it was tuned from.")
    system = serializers.UUIDField(help_text="For `lineage/system/{id}/`.")
    standing = serializers.CharField(
        allow_null=True, required=False, help_text="For `lineage/standing/{id}/`: where rank and strength come from."
    )
    evaluation = serializers.UUIDField()
    evaluated_at = serializers.DateTimeField()
    scripted = serializers.BooleanField(help_text="Votes came from scripted users of a demo.")
    flags = serializers.ListField(child=serializers.CharField(), help_text="Such as `withdrawn`.")


class BoardSlices(serializers.Serializer[Any]):
    languages = serializers.ListField(child=serializers.CharField())
    categories = serializers.ListField(child=serializers.CharField())


class BoardEvalSet(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    sha256 = serializers.CharField()


class BoardStudy(serializers.Serializer[Any]):
    """What the votes say; nothing of them while the study is open."""

    study = serializers.UUIDField()
    name = serializers.CharField()
    status = serializers.CharField()
    final = serializers.BooleanField()
    votes = serializers.IntegerField()
    scripted_votes = serializers.IntegerField()
    raters = serializers.IntegerField()
    items = serializers.IntegerField()
    sha256 = serializers.CharField()
    determined = serializers.BooleanField()
    reason = serializers.CharField(allow_null=True)
    tie = serializers.DictField(allow_null=True)
    first_position = serializers.DictField(allow_null=True)
    agreement = serializers.DictField(help_text="By what was judged: coefficients with their intervals.")


class LeftOutOut(serializers.Serializer[Any]):
    model = serializers.UUIDField()
    metric = serializers.CharField()
    language = serializers.CharField(allow_blank=True)
    signature = serializers.CharField(allow_blank=True)
    kept = serializers.CharField(allow_null=True, help_text="The signature of the scores that are compared.")
    reason = serializers.CharField()


class ColumnOut(serializers.Serializer[Any]):
    key = serializers.CharField()
    metric = serializers.CharField()
    evalset = serializers.CharField(
        allow_blank=True, required=False, help_text="The further evaluation set that it is about."
    )
    language = serializers.CharField(allow_blank=True)
    better = serializers.ChoiceField(choices=["higher", "lower"])
    signature = serializers.CharField(allow_blank=True)


class BoardOut(serializers.Serializer[Any]):
    schema = serializers.IntegerField(help_text="Counts up when a field changes its meaning.")
    leaderboard = serializers.CharField()
    name = serializers.CharField()
    snapshot = serializers.IntegerField()
    sha256 = serializers.CharField(help_text="Of everything it rests on.")
    created_at = serializers.DateTimeField()
    language = serializers.CharField(allow_null=True)
    category = serializers.CharField(allow_null=True)
    slices = BoardSlices()
    order = serializers.CharField(allow_blank=True)
    evalset = BoardEvalSet()
    study = BoardStudy(allow_null=True)
    left_out = LeftOutOut(many=True, help_text="Scores that another signature made: they are not compared.")
    count = serializers.IntegerField(required=False, help_text="Of all rows; with `page` or `page_size` only.")
    page = serializers.IntegerField(required=False)
    page_size = serializers.IntegerField(required=False)
    columns = ColumnOut(many=True)
    rows = RowOut(many=True)


class PointCell(BoardIntervalOut):
    n = serializers.IntegerField()


class PointOut(serializers.Serializer[Any]):
    snapshot = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    position = serializers.IntegerField()
    rank = serializers.ListField(child=serializers.IntegerField(), allow_null=True)
    strength = BoardIntervalOut(allow_null=True)
    votes = serializers.IntegerField()
    likert = serializers.DictField(child=BoardMeanOut())
    metrics = serializers.DictField(child=PointCell())


class HistoryOut(serializers.Serializer[Any]):
    model = RowModel()
    points = PointOut(many=True, help_text="The oldest snapshot first.")


class SnapshotOut(serializers.Serializer[Any]):
    snapshot = serializers.IntegerField()
    sha256 = serializers.CharField()
    created_at = serializers.DateTimeField()


class FromTo(serializers.Serializer[Any]):
    """From one value to another."""

    to = serializers.JSONField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.JSONField(allow_null=True), **super().get_fields()}


class InputChange(FromTo):
    what = serializers.CharField(help_text="Such as `study`, `scores`, `outputs_sha256`, `withdrawn`.")
    model = serializers.UUIDField(required=False)


class MovedOut(serializers.Serializer[Any]):
    """What changed about a model; what did not is left out."""

    model = RowModel()
    position = FromTo(required=False)
    rank = FromTo(required=False)
    strength = FromTo(required=False)
    votes = FromTo(required=False)
    likert = FromTo(required=False)
    flags = FromTo(required=False)
    metrics = serializers.DictField(child=FromTo(), required=False)


class BoardDiffOut(serializers.Serializer[Any]):
    to = SnapshotOut()
    inputs = InputChange(many=True)
    added = RowModel(many=True)
    removed = RowModel(many=True)
    moved = MovedOut(many=True)

    def get_fields(self) -> dict[str, Any]:
        return {"from": SnapshotOut(), **super().get_fields()}


class RuleIn(serializers.Serializer[Any]):
    metric = serializers.CharField(help_text="A metric, or `strength`.")
    demand = serializers.ChoiceField(choices=["better", "not_worse", "at_least", "at_most"], required=False)
    margin = serializers.FloatField(required=False, help_text="By how much better, or how much worse is still allowed.")
    bound = serializers.FloatField(required=False, allow_null=True, help_text="For at_least and at_most.")
    language = serializers.CharField(required=False, allow_blank=True)
    category = serializers.CharField(required=False, allow_blank=True)
    evalset = serializers.CharField(
        required=False, allow_blank=True, help_text="The id of another evaluation set, such as a general one."
    )
    confidence = serializers.FloatField(required=False)


class GateIn(serializers.Serializer[Any]):
    model = serializers.UUIDField()
    baseline = serializers.UUIDField()
    rules = RuleIn(many=True)
    resamples = serializers.IntegerField(required=False)
    seed = serializers.IntegerField(required=False)


class EvidenceOut(BoardIntervalOut):
    """The model's value less the baseline's, or the model's own, with its interval."""

    n = serializers.IntegerField()
    signature = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)


VERDICT = ["pass", "fail", "undetermined"]


class JudgedOut(serializers.Serializer[Any]):
    rule = RuleIn()
    verdict = serializers.ChoiceField(choices=VERDICT)
    evidence = EvidenceOut()


class GateOut(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=VERDICT)
    snapshot = serializers.IntegerField()
    model = serializers.UUIDField()
    baseline = serializers.UUIDField()
    resamples = serializers.IntegerField()
    seed = serializers.IntegerField()
    rules = JudgedOut(many=True)
