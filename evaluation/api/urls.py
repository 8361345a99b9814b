from django.urls import URLPattern, URLResolver

from evaluation.api import evalsets, evaluations

urlpatterns: list[URLPattern | URLResolver] = [
    *evalsets.urlpatterns,
    *evaluations.urlpatterns,
]
