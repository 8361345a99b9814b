from django.urls import URLPattern, URLResolver

from evaluation.api import board_parts, evalsets, evaluations, leaderboards, lineage, ratings, studies

urlpatterns: list[URLPattern | URLResolver] = [
    *evalsets.urlpatterns,
    *evaluations.urlpatterns,
    *leaderboards.urlpatterns,
    *board_parts.urlpatterns,
    *lineage.urlpatterns,
    *studies.urlpatterns,
    *ratings.urlpatterns,
]
