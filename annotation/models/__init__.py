from annotation.models.datasets import DatasetVersion, VersionRow
from annotation.models.imports import ImportJob
from annotation.models.items import Comment, Item
from annotation.models.projects import Guideline, Membership, Project
from annotation.models.quality import Review
from annotation.models.withdrawals import Withdrawal
from annotation.models.work import Assignment, Response, Slot

__all__ = [
    "Assignment",
    "Comment",
    "DatasetVersion",
    "Guideline",
    "ImportJob",
    "Item",
    "Membership",
    "Project",
    "Response",
    "Review",
    "Slot",
    "VersionRow",
    "Withdrawal",
]
