from django.urls import URLPattern, URLResolver

from evaluation.ui import endpoints, evalsets, evaluations, forgetting, leaderboards, lineage, study_urls

app_name = "evaluation"
urlpatterns: list[URLPattern | URLResolver] = [
    *evalsets.urlpatterns,
    *evaluations.urlpatterns,
    *endpoints.urlpatterns,
    *forgetting.urlpatterns,
    *leaderboards.urlpatterns,
    *lineage.urlpatterns,
    *study_urls.urlpatterns,
]
