from django.urls import URLPattern, URLResolver

from evaluation.ui import evalsets, evaluations, leaderboards, lineage, study_urls

app_name = "evaluation"
urlpatterns: list[URLPattern | URLResolver] = [
    *evalsets.urlpatterns,
    *evaluations.urlpatterns,
    *leaderboards.urlpatterns,
    *lineage.urlpatterns,
    *study_urls.urlpatterns,
]
