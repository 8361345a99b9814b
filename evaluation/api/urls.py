from django.urls import URLPattern, URLResolver

from evaluation.api import evalsets, evaluations, leaderboards, ratings, studies

urlpatterns: list[URLPattern | URLResolver] = [
    *evalsets.urlpatterns,
    *evaluations.urlpatterns,
    *leaderboards.urlpatterns,
    *studies.urlpatterns,
    *ratings.urlpatterns,
]
