from evaluation.models.conformance import Conformance
from evaluation.models.endpoints import Endpoint
from evaluation.models.evalsets import EvalItem, EvalSet
from evaluation.models.evaluations import Evaluation, ItemScore, Output, Score, System
from evaluation.models.forgetting import ForgettingGate
from evaluation.models.leaderboards import Delivery, Leaderboard, Snapshot, SnapshotSlice, Webhook
from evaluation.models.studies import (
    Answer,
    Presentation,
    Rating,
    Study,
    StudyMember,
    StudyResult,
    StudySystem,
    Unblinding,
    Unit,
    Vote,
)

__all__ = [
    "Answer",
    "Conformance",
    "Delivery",
    "Endpoint",
    "EvalItem",
    "EvalSet",
    "Evaluation",
    "ForgettingGate",
    "ItemScore",
    "Leaderboard",
    "Output",
    "Presentation",
    "Rating",
    "Score",
    "Snapshot",
    "SnapshotSlice",
    "Study",
    "StudyMember",
    "StudyResult",
    "StudySystem",
    "System",
    "Unblinding",
    "Unit",
    "Vote",
    "Webhook",
]
