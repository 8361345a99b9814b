from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from evaluation.lineage.walk import lineage


def lineage_page(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    return render(request, "evaluation/lineage.html", {"lineage": lineage(kind, key, request.user)})


urlpatterns = [path("lineage/<slug:kind>/<str:key>/", lineage_page, name="lineage")]
