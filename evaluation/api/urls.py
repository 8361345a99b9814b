from django.urls import URLPattern, URLResolver

from evaluation.api import (
    analysis,
    board_parts,
    conformance,
    endpoints,
    evalsets,
    evaluations,
    forgetting,
    leaderboards,
    lineage,
    ratings,
    studies,
    study_reports,
    withdrawals,
)

urlpatterns: list[URLPattern | URLResolver] = [
    *evalsets.urlpatterns,
    *evaluations.urlpatterns,
    *analysis.urlpatterns,
    *endpoints.urlpatterns,
    *forgetting.urlpatterns,
    *leaderboards.urlpatterns,
    *board_parts.urlpatterns,
    *conformance.urlpatterns,
    *lineage.urlpatterns,
    *studies.urlpatterns,
    *study_reports.urlpatterns,
    *ratings.urlpatterns,
    *withdrawals.urlpatterns,
]
