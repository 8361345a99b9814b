from django.urls import URLPattern, URLResolver, path

from training.api import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("models/", views.Models.as_view(), name="models"),
    path("models/<uuid:id>/", views.Model.as_view(), name="model"),
    path("runs/", views.Runs.as_view(), name="runs"),
    path("runs/preflight/", views.Preflights.as_view(), name="preflights"),
    path("runs/preflight/<uuid:id>/", views.PreflightDetail.as_view(), name="preflight"),
    path("runs/<uuid:id>/", views.RunDetail.as_view(), name="run"),
    path("runs/<uuid:id>/metrics/", views.RunMetrics.as_view(), name="run-metrics"),
    path("runs/<uuid:id>/log/", views.RunLog.as_view(), name="run-log"),
    path("runs/<uuid:id>/cancel/", views.RunCancel.as_view(), name="run-cancel"),
    path("runs/<uuid:id>/resume/", views.RunResume.as_view(), name="run-resume"),
]
