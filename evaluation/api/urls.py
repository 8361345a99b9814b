from django.urls import URLPattern, URLResolver

from evaluation.api import evalsets, evaluations, leaderboards, lineage, ratings, studies

urlpatterns: list[URLPattern | URLResolver] = [
    *evalsets.urlpatterns,
    *evaluations.urlpatterns,
    *leaderboards.urlpatterns,
    *lineage.urlpatterns,
    *studies.urlpatterns,
    *ratings.urlpatterns,
]
